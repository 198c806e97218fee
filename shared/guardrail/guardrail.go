// Package guardrail refuses what a deployment does not want, whatever SES
// accepts: identities, policy names, principals, actions, denials and resources.
// It reads its settings itself, for the function and the command line alike.
//
// SES has no resource-level permission for its identity policies
// (https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonses.html),
// so nothing else stands between "may write to the queue" and "may let anybody
// send as any identity of the account". In doubt it refuses.
//
// It relies on package policy for what SES cannot accept: of a policy with two
// Principal members, which is refused there, only the first is checked here. It
// makes no calls and does not verify where a request came from: it is told, see
// [Topic].
package guardrail

import (
	"fmt"
	"slices"
	"strings"

	"sespolicy/shared/document"
	"sespolicy/shared/finding"
	"sespolicy/shared/identity"
	"sespolicy/shared/policy"
)

// Guardrail checks requests. It is safe for concurrent use.
type Guardrail struct {
	config Config
	lists  lists // without the patterns that need a topic
}

// New compiles a configuration, or returns an error that lists everything that
// is wrong with it: a pattern that can never match anything is a mistake.
func New(c Config) (*Guardrail, error) {
	if err := c.validate(); err != nil {
		return nil, err
	}
	return &Guardrail{config: c, lists: c.expand("")}, nil
}

// Request is what the guardrails look at.
type Request struct {
	// Identity knows the account that owns it. If its Name is empty, because it
	// could not be read, ALLOWED_IDENTITIES and REQUIRE_MATCHING_RESOURCE are not
	// asked.
	Identity identity.Identity
	// PolicyName is not checked if it is empty, because it could not be read.
	PolicyName string
	// IdentityAt and PolicyNameAt are where the two were written; findings about
	// nodes that do not exist are at /Identity and /PolicyName.
	IdentityAt, PolicyNameAt document.Node
	// Policy is the policy as far as [policy.Check] could read it; nil for a
	// delete.
	Policy *policy.Policy
}

// Check returns what the deployment refuses of a request, in document order. All
// findings are violations, and the Rule of each is the variable of a guardrail.
//
// The topic is asked at most once, and only if a list that has a pattern with
// ${topic} refuses the request without it. If that fails, Check returns no
// findings and an error that wraps the topic's: the request is neither refused
// nor allowed and has to be retried.
func (g *Guardrail) Check(r Request, topic Topic) ([]finding.Finding, error) {
	found := g.check(r, g.lists)
	if topic == nil || !slices.ContainsFunc(found, g.dependsOnTopic) {
		return found, nil
	}
	name, err := topic()
	if err != nil {
		return nil, fmt.Errorf("verifying the topic of the request: %w", err)
	}
	if !isTopicName(name) {
		return found, nil
	}
	return g.check(r, g.config.expand(name)), nil
}

// dependsOnTopic reports whether a topic could make a finding go away. That of
// an incomplete list stands for findings of any rule.
func (g *Guardrail) dependsOnTopic(f finding.Finding) bool {
	return g.config.usesTopic(f.Rule) || f.Rule == finding.RuleMore
}

func (g *Guardrail) check(r Request, l lists) []finding.Finding {
	c := &check{config: g.config, lists: l, request: r}
	c.identity()
	c.policyName()
	if r.Policy != nil {
		for i := range r.Policy.Statements {
			if c.found.Full(finding.Violation) {
				break
			}
			c.statement(&r.Policy.Statements[i])
		}
	}
	return c.found.Findings()
}

// check is one check in progress.
type check struct {
	config Config
	lists
	request Request
	found   finding.List
	states  int // of action patterns that were examined so far
}

func (c *check) statement(s *policy.Statement) {
	if !s.Is(policy.Deny) { // what is not clearly a Deny might allow
		c.allowed(s)
		c.allowedActions(s)
	}
	if mayDeny(s) && !c.config.AllowBroadDeny {
		c.denied(s)
	}
	if c.config.RequireMatchingResource {
		c.resource(s)
	}
}

// mayDeny reports whether a statement's Effect is Deny, or one of the effects in
// another case: SES has taken ALLOW, and what it makes of it is not documented.
func mayDeny(s *policy.Statement) bool {
	effect := strings.TrimSpace(s.Effect.Text())
	return !s.Is(policy.Allow) && (strings.EqualFold(effect, policy.Deny) || strings.EqualFold(effect, policy.Allow))
}

// refuse adds a violation of a list at a node, or at a path if the node does not
// exist.
func (c *check) refuse(at document.Node, path, rule, message string) {
	hint := c.topicHint(rule)
	if at.Exists() {
		c.found.Add(at.Fault(rule, message).Help(hint))
		return
	}
	c.found.Append(finding.Finding{Path: path, Rule: rule, Message: message, Hint: hint})
}

// topicHint says what ${topic} stands for in the list of a variable; empty if
// the list does not have it.
func (c *check) topicHint(variable string) string {
	switch {
	case !c.config.usesTopic(variable):
		return ""
	case c.topic == "":
		return "its patterns with " + topicVariable + " match only requests that come through an SNS topic of the deployment, with a valid signature"
	}
	return "the request came through the topic " + c.topic + ", which " + topicVariable + " stands for"
}
