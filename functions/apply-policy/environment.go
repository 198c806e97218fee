package main

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"sespolicy/shared/guardrail"
	"sespolicy/shared/notification"
)

// The environment variables the function reads, those of the guardrails aside.
// Endpoints are the SDK's own (AWS_ENDPOINT_URL_SES and its like).
const (
	envDeadLetterQueueURL  = "DEAD_LETTER_QUEUE_URL" // required
	envLedgerTable         = "LEDGER_TABLE"          // required: the DynamoDB table
	envMaxReceiveCount     = "MAX_RECEIVE_COUNT"     // required: the request queue's maxReceiveCount
	envMinCallInterval     = "MIN_CALL_INTERVAL"     // a Go duration; default 1s
	envEventBusName        = "EVENT_BUS_NAME"        // default none: no events
	envAnswerStepFunctions = "ANSWER_STEP_FUNCTIONS" // default false: a request with a TaskToken is refused
)

const (
	// defaultCallInterval is what SES documents: each of the identity policy
	// calls at most once a second.
	defaultCallInterval = time.Second
	// maxCallInterval leaves room for at least one call in the function's minute.
	maxCallInterval = 30 * time.Second
	// maxMaxReceiveCount is SQS's limit of maxReceiveCount.
	maxMaxReceiveCount = 1000
)

// environment is what the function's environment variables say.
type environment struct {
	DeadLetterQueueURL  string
	LedgerTable         string
	MaxReceiveCount     int
	MinCallInterval     time.Duration
	EventBusName        string
	AnswerStepFunctions bool
	Guardrail           *guardrail.Guardrail
	// ProtectStackPolicies is the one guardrail that the ledger enforces.
	ProtectStackPolicies bool
	// SNSEndpoint replaces SNS's own endpoint for signing certificates; empty on
	// AWS.
	SNSEndpoint string
}

// readEnvironment reads all variables, or reports everything that is wrong with
// them. lookup returns a variable's value, empty if it is not set.
func readEnvironment(lookup func(string) string) (environment, error) {
	v := variables{lookup: lookup}
	e := environment{
		DeadLetterQueueURL:  v.required(envDeadLetterQueueURL, "the URL of the dead-letter queue"),
		LedgerTable:         v.required(envLedgerTable, "the name of the ledger's DynamoDB table"),
		MaxReceiveCount:     v.receives(envMaxReceiveCount),
		MinCallInterval:     v.interval(envMinCallInterval),
		EventBusName:        lookup(envEventBusName),
		AnswerStepFunctions: v.boolean(envAnswerStepFunctions),
		SNSEndpoint:         v.snsEndpoint(),
	}
	e.Guardrail, e.ProtectStackPolicies = v.guardrail()
	if len(v.wrong) > 0 {
		return e, fmt.Errorf("wrong environment variables:\n%w", errors.Join(v.wrong...))
	}
	return e, nil
}

// variables reads environment variables and gathers what is wrong with them.
type variables struct {
	lookup func(string) string
	wrong  []error
}

func (v *variables) refuse(name, expected string) {
	if value := v.lookup(name); value != "" {
		v.wrong = append(v.wrong, fmt.Errorf("%s is %q, expected %s", name, value, expected))
		return
	}
	v.wrong = append(v.wrong, fmt.Errorf("%s is missing, expected %s", name, expected))
}

func (v *variables) required(name, what string) string {
	value := v.lookup(name)
	if value == "" {
		v.refuse(name, what)
	}
	return value
}

func (v *variables) receives(name string) int {
	n, err := strconv.Atoi(v.lookup(name))
	if err != nil || n < 1 || n > maxMaxReceiveCount {
		v.refuse(name, fmt.Sprintf("the request queue's maxReceiveCount, 1 to %d", maxMaxReceiveCount))
	}
	return n
}

func (v *variables) interval(name string) time.Duration {
	value := v.lookup(name)
	if value == "" {
		return defaultCallInterval
	}
	interval, err := time.ParseDuration(value)
	if err != nil || interval <= 0 || interval > maxCallInterval {
		v.refuse(name, fmt.Sprintf("a duration over 0 and up to %v, like 1s or 1500ms", maxCallInterval))
	}
	return interval
}

func (v *variables) boolean(name string) bool {
	switch v.lookup(name) {
	case "", "false":
		return false
	case "true":
		return true
	}
	v.refuse(name, "true or false")
	return false
}

// guardrail reads the guardrails' variables.
func (v *variables) guardrail() (g *guardrail.Guardrail, protectStackPolicies bool) {
	config, err := guardrail.Read(v.lookup)
	if err == nil {
		g, err = guardrail.New(config)
	}
	if err != nil {
		v.wrong = append(v.wrong, err)
	}
	return g, config.ProtectStackPolicies
}

func (v *variables) snsEndpoint() string {
	endpoint, err := notification.Endpoint(v.lookup)
	if err != nil {
		v.wrong = append(v.wrong, err)
	}
	return endpoint
}
