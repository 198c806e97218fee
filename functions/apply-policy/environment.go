package main

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"sespolicy/shared/guardrail"
)

// The environment variables the function reads. Endpoints are the SDK's own
// (AWS_ENDPOINT_URL_SES and its like): nothing here knows where it runs.
const (
	envDeadLetterQueueURL      = "DEAD_LETTER_QUEUE_URL"     // required
	envMinCallInterval         = "MIN_CALL_INTERVAL"         // a Go duration; default 1s
	envAllowedIdentities       = "ALLOWED_IDENTITIES"        // patterns, separated by commas; default all
	envAllowedPolicyNames      = "ALLOWED_POLICY_NAMES"      // the same
	envAllowedPrincipals       = "ALLOWED_PRINCIPALS"        // the same; default all but the public
	envAllowPublicPrincipal    = "ALLOW_PUBLIC_PRINCIPAL"    // default false
	envRequireMatchingResource = "REQUIRE_MATCHING_RESOURCE" // default true
	envEventBusName            = "EVENT_BUS_NAME"            // default none: no events
)

const (
	// defaultCallInterval is what SES documents: each of the identity policy
	// calls at most once a second.
	defaultCallInterval = time.Second
	// maxCallInterval leaves room for one call at least in the function's minute.
	maxCallInterval = 30 * time.Second
)

// environment is what the function's environment variables say.
type environment struct {
	DeadLetterQueueURL string
	MinCallInterval    time.Duration
	Guardrail          guardrail.Config
	EventBusName       string
}

// readEnvironment reads all of it, or says everything that is wrong with it.
func readEnvironment() (environment, error) {
	var v variables
	e := environment{
		DeadLetterQueueURL: v.required(envDeadLetterQueueURL, "the URL of the dead-letter queue"),
		MinCallInterval:    v.interval(envMinCallInterval),
		Guardrail: guardrail.Config{
			AllowedIdentities:       v.patterns(envAllowedIdentities),
			AllowedPolicyNames:      v.patterns(envAllowedPolicyNames),
			AllowedPrincipals:       v.patterns(envAllowedPrincipals),
			AllowPublicPrincipal:    v.boolean(envAllowPublicPrincipal, false),
			RequireMatchingResource: v.boolean(envRequireMatchingResource, true),
		},
		EventBusName: os.Getenv(envEventBusName),
	}
	if len(v.wrong) > 0 {
		return e, fmt.Errorf("the function's environment is wrong, nothing was started:\n%w", errors.Join(v.wrong...))
	}
	return e, nil
}

// variables reads environment variables and gathers what is wrong with them.
type variables struct{ wrong []error }

func (v *variables) required(name, what string) string {
	value := os.Getenv(name)
	if value == "" {
		v.wrong = append(v.wrong, fmt.Errorf("%s is missing, expected %s", name, what))
	}
	return value
}

func (v *variables) interval(name string) time.Duration {
	value := os.Getenv(name)
	if value == "" {
		return defaultCallInterval
	}
	interval, err := time.ParseDuration(value)
	if err != nil || interval <= 0 || interval > maxCallInterval {
		v.wrong = append(v.wrong, fmt.Errorf("%s is %q, expected a duration over 0 and up to %v, like 1s or 1500ms", name, value, maxCallInterval))
	}
	return interval
}

func (v *variables) patterns(name string) []string {
	value := os.Getenv(name)
	if value == "" {
		return nil
	}
	patterns := strings.Split(value, ",")
	for i, pattern := range patterns {
		patterns[i] = strings.TrimSpace(pattern)
		if patterns[i] == "" {
			v.wrong = append(v.wrong, fmt.Errorf("%s is %q, expected patterns separated by single commas: number %d is empty", name, value, i+1))
		}
	}
	return patterns
}

func (v *variables) boolean(name string, absent bool) bool {
	switch value := os.Getenv(name); value {
	case "":
		return absent
	case "true", "false":
		b, _ := strconv.ParseBool(value)
		return b
	default:
		v.wrong = append(v.wrong, fmt.Errorf("%s is %q, expected true or false", name, value))
		return absent
	}
}
