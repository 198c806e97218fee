package guardrail

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"sespolicy/shared/finding"
	"sespolicy/shared/identity"
	"sespolicy/shared/policy"
)

// topicVariable stands in a pattern for the name of the request's topic.
const topicVariable = "${topic}"

// Topic returns the name of the SNS topic of the owner's account and Region
// through which a request verifiably came; empty for a request that came in
// another way or whose signature is not valid. An error says that this cannot be
// decided now. A nil Topic is no topic.
type Topic func() (name string, err error)

// isTopicName reports whether text is the name of a topic: at most 256 letters,
// digits, hyphens and underscores, and .fifo at the end of a FIFO topic's
// (https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html). So a name
// that stands for ${topic} has no wildcards and no colons.
func isTopicName(text string) bool {
	base := strings.TrimSuffix(text, ".fifo")
	return len(text) <= 256 && identity.Only(base, identity.Letters+identity.Digits+"-_")
}

// lists are the patterns of a deployment for one request.
type lists struct {
	identities, names, principals []string
	actions                       []string // in lower case
	topic                         string   // empty for none
}

// expand puts the name of a request's topic into the patterns. Without one, the
// patterns that need it match nothing and are left out.
func (c Config) expand(topic string) lists {
	expand := func(patterns []string) []string {
		var expanded []string
		for _, pattern := range patterns {
			if topic != "" || !strings.Contains(pattern, topicVariable) {
				expanded = append(expanded, strings.ReplaceAll(pattern, topicVariable, topic))
			}
		}
		return expanded
	}
	return lists{
		identities: expand(c.AllowedIdentities),
		names:      expand(c.AllowedPolicyNames),
		principals: expand(c.AllowedPrincipals),
		actions:    lower(expand(c.allowedActions())),
		topic:      topic,
	}
}

// UsesTopic reports whether any guardrail has a pattern with ${topic}.
func (g *Guardrail) UsesTopic() bool {
	return slices.ContainsFunc(Settings(), func(s Setting) bool { return g.config.usesTopic(s.Variable) })
}

// usesTopic reports whether the patterns of a variable need the topic. A
// service or a public principal may be listed under its topic as well.
func (c Config) usesTopic(variable string) bool {
	list := c.list(variable)
	if variable == AllowPublicPrincipal {
		list = &c.AllowedPrincipals
	}
	return list != nil && slices.ContainsFunc(*list, func(pattern string) bool { return strings.Contains(pattern, topicVariable) })
}

func lower(list []string) []string {
	folded := make([]string, len(list))
	for i := range list {
		folded[i] = strings.ToLower(list[i])
	}
	return folded
}

// validate returns an error that lists every pattern that is wrong.
func (c Config) validate() error {
	var wrong []error
	for _, list := range []struct {
		variable, expected string
		patterns           []string
		ok                 func(byte) bool
	}{
		{AllowedIdentities, "email addresses, domains or identity ARNs in ASCII", c.AllowedIdentities, func(b byte) bool { return b > ' ' && b <= '~' }},
		{AllowedPolicyNames, "letters, digits, hyphens and underscores", c.AllowedPolicyNames, func(b byte) bool { return isWildcard(b) || policy.ValidName(string(b)) }},
		{AllowedPrincipals, "account ids, ARNs, organization ids or services in ASCII", c.AllowedPrincipals, func(b byte) bool { return b >= ' ' && b <= '~' }},
		{AllowedActions, "actions like ses:SendEmail", c.AllowedActions, func(b byte) bool { return isWildcard(b) || b == ':' || policy.ValidName(string(b)) }},
	} {
		for _, pattern := range list.patterns {
			if err := validPattern(pattern, list.variable, list.expected, list.ok); err != nil {
				wrong = append(wrong, fmt.Errorf("%s has the pattern %s: %w", list.variable, finding.Quote(pattern), err))
			}
		}
	}
	return errors.Join(wrong...)
}

func validPattern(pattern, variable, expected string, ok func(byte) bool) error {
	text := strings.ReplaceAll(pattern, topicVariable, "x")
	switch {
	case strings.Contains(text, "${"):
		return errors.New("it has a variable other than " + topicVariable)
	case text == "" || !all(text, ok):
		return fmt.Errorf("it matches nothing, want %s, with * and ? as wildcards", expected)
	case variable != AllowedActions && identity.IsARN(text) && strings.Count(text, ":") < 5:
		return errors.New("it matches nothing, an ARN has six fields, write * for each that may be anything, as in arn:*:*:*:*:*")
	case variable == AllowedActions && !strings.ContainsAny(text, ":*?"):
		return errors.New("it matches nothing, an action has the form service:name")
	}
	return nil
}

func isWildcard(b byte) bool { return b == '*' || b == '?' }

func all(text string, ok func(byte) bool) bool {
	for i := range len(text) {
		if !ok(text[i]) {
			return false
		}
	}
	return true
}
