// Package access answers whether a principal may use an SES identity, and which
// statement of which sending authorization policy says so.
//
//	address, err := access.Read(id, policies)            // what GetEmailIdentity returned
//	domain, err := access.Read(domainID, domainPolicies) // the same for its domain
//	role, err := access.ParsePrincipal("arn:aws:iam::111122223333:role/mailer")
//	decision := access.Decide(access.Request{
//		Principal: role,
//		Action:    "ses:SendEmail",
//		Context:   access.Context{"ses:FromAddress": {"news@example.com"}},
//	}, address, domain)
//
// The rules are those of the documentation:
//
//   - An explicit Deny wins over every Allow; without either, the answer is
//     [NotAllowed]
//     (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html).
//   - Policies of an address take precedence over those of its domain, whatever
//     both say
//     (https://docs.aws.amazon.com/ses/latest/dg/sending-authorization-identity-owner-tasks-policy.html).
//   - A condition is evaluated if the value of its key is known, otherwise it is
//     unknown. A statement with a condition that is false does not apply, even if
//     another condition is unknown
//     (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-logic-multiple-context-keys-or-values.html).
//
// The answer is [Unknown] if it depends on a key whose value is not known, or if
// the documentation leaves it open ([Decision.Doubts]): an Effect that is not
// spelled exactly Allow or Deny, a wildcard inside a principal, a value that its
// operator cannot parse, a variable that cannot be resolved. A definite answer
// stays true when more keys become known.
//
// The package says what a policy means, not whether SES accepts it. It reads
// sending authorization policies only, not IAM permissions, service control
// policies or the state of the sandbox. It shares no code with the guardrails,
// because they are tested against it.
package access

import (
	"slices"
	"strings"

	"sespolicy/shared/identity"
)

// Answer is what an identity's policies say to a request.
type Answer int

const (
	// NotAllowed means that no statement allows the request. For a principal of the
	// identity's own account, IAM permissions alone can still allow it: see
	// [Decision.OwnAccount]. For any other principal it means no, and so
	// whether a Deny applies as well is left open.
	NotAllowed Answer = iota
	// Allowed means that a statement allows the request and none denies it.
	Allowed
	// Denied means that a statement denies the request.
	Denied
	// Unknown means that it depends on [Decision.Keys] and [Decision.Doubts].
	Unknown
)

// String is the answer as people read it.
func (a Answer) String() string {
	return [...]string{"not allowed", "allowed", "denied", "unknown"}[a]
}

// Request is what somebody wants to do with an identity.
type Request struct {
	Principal Principal
	// Action is what is called: ses:SendEmail, ses:SendRawEmail, …. Its case
	// does not count, and SendEmail stands for ses:SendEmail.
	Action  string
	Context Context
}

// Decision is the answer to a request, and why.
type Decision struct {
	Answer Answer
	// By are the statements that decide: those that deny for Denied, those that
	// allow for Allowed, those that may apply for Unknown; none for NotAllowed.
	By []Statement
	// Keys are the condition keys that Unknown depends on, sorted, each as a
	// policy writes it.
	Keys []string
	// Doubts are what the documentation leaves open, for Unknown only.
	Doubts []string
	// Identity is the one whose policies decided: the address or its domain.
	Identity identity.Identity
	// OwnAccount: the principal belongs to the account that owns the identity.
	// NotAllowed then means "not by a policy of the identity": IAM decides.
	OwnAccount bool
}

// Decide answers the request. Levels are the policies of the identity followed
// by those of its domain, if it is an address. The first level that has any
// policy decides alone.
func Decide(request Request, levels ...*Policies) Decision {
	level := deciding(levels)
	q := newQuestion(request, level.Identity)
	decision := Decision{Identity: level.Identity, OwnAccount: q.ownAccount()}
	var allows, denies, mayAllow, mayDeny []applied
	for i := range level.statements {
		s := &level.statements[i]
		match := s.match(q)
		allows, mayAllow = sortIn(allows, mayAllow, applied{s, s.allows.and(match)})
		denies, mayDeny = sortIn(denies, mayDeny, applied{s, s.denies.and(match)})
	}
	switch {
	case len(denies) > 0:
		decision.settle(Denied, denies)
	case len(allows) > 0 && len(mayDeny) == 0:
		decision.settle(Allowed, allows)
	case len(allows) > 0:
		decision.settle(Unknown, mayDeny)
	case len(mayAllow) > 0:
		decision.settle(Unknown, append(mayAllow, mayDeny...))
	case len(mayDeny) > 0 && q.mayBeOwnAccount():
		decision.settle(Unknown, mayDeny) // a Deny would also overrule IAM
	}
	return decision
}

// deciding is the first level that has a policy, else the first.
func deciding(levels []*Policies) *Policies {
	for _, level := range levels {
		if level != nil && level.count > 0 {
			return level
		}
	}
	for _, level := range levels {
		if level != nil {
			return level
		}
	}
	return &Policies{}
}

// applied is a statement, and whether it applies with one of the two effects.
type applied struct {
	statement *statement
	verdict   verdict
}

// sortIn appends a to the statements that do apply or to those that may.
func sortIn(do, may []applied, a applied) ([]applied, []applied) {
	switch a.verdict.truth {
	case isTrue:
		do = append(do, a)
	case isMaybe:
		may = append(may, a)
	}
	return do, may
}

// settle records the answer and the statements that give it. A statement whose
// effect is not known may be in the list as an Allow and as a Deny.
func (d *Decision) settle(answer Answer, by []applied) {
	d.Answer = answer
	for _, a := range by {
		if !slices.Contains(d.By, a.statement.Statement) {
			d.By = append(d.By, a.statement.Statement)
		}
		d.Keys = union(d.Keys, a.verdict.keys)
		d.Doubts = union(d.Doubts, a.verdict.doubts)
	}
	slices.SortFunc(d.Keys, func(a, b string) int { return strings.Compare(strings.ToLower(a), strings.ToLower(b)) })
}
