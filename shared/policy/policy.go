// Package policy reads and checks the language of SES sending authorization
// policies (https://docs.aws.amazon.com/ses/latest/dg/policy-anatomy.html),
// which is the IAM policy language
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html)
// with rules of its own.
//
// A finding is a violation only where no reading of those two pages allows what
// was found: a policy that SES would accept is never refused. What SES may
// refuse, and what does not do what it seems to do, is a warning. In doubt there
// is no warning. Everything else is left to SES.
//
// It makes no calls: only SES knows whether a principal exists, whether the
// identity is verified and how many policies it has. What a deployment refuses
// for reasons of its own is in package guardrail. Nothing it reads is changed.
package policy

import (
	"fmt"
	"iter"
	"strings"

	"sespolicy/shared/document"
	"sespolicy/shared/finding"
	"sespolicy/shared/identity"
)

// Policy is what could be read of a policy. Its values are places in the text: a
// missing element is the zero Node. An element whose name is evidently misspelt
// is read as the element that was meant, so that nothing hides behind a
// misspelling.
type Policy struct {
	At         document.Node
	Version    document.Node
	Statements []Statement
}

// Statement is what could be read of one statement.
type Statement struct {
	At                      document.Node
	Sid, Effect             document.Node
	Principal, NotPrincipal document.Node
	Action, NotAction       document.Node
	Resource, NotResource   document.Node
	Condition               document.Node
}

// The two effects. The grammar has them in this case only.
const (
	Allow = "Allow"
	Deny  = "Deny"
)

// Is reports whether the statement's Effect is exactly this word, in this case.
func (s *Statement) Is(effect string) bool {
	return s.Effect.IsString() && s.Effect.Text() == effect
}

// May reports whether SES could read the statement's Effect as effect, which is
// Allow or Deny: it is true unless the Effect is exactly the other word. An
// Effect that is missing, misspelt or in another case may be both.
func (s *Statement) May(effect string) bool {
	if effect == Allow {
		return !s.Is(Deny)
	}
	return !s.Is(Allow)
}

// means reports whether the author of the statement meant effect: its Effect is
// this word in any case.
func (s *Statement) means(effect string) bool {
	return s.Effect.IsString() && strings.EqualFold(s.Effect.Text(), effect)
}

// Check reads the policy that stands at a place in a document and checks it as
// a policy for the identity; the zero Identity when that is not known. It
// returns all findings in the order of the text, and the policy as far as it
// could be read, which is never nil.
//
// It does not repeat what reading the document found ([document.Read]: syntax,
// duplicate members), and leaves the size to [CheckSize]. A policy longer than
// [MaxExamined] is not read: that is its only violation.
func Check(at document.Node, id identity.Identity) (*Policy, []finding.Finding) {
	if len(at.Raw()) > MaxExamined {
		if size := len(at.Minified()); size > MaxExamined {
			return &Policy{At: at}, []finding.Finding{at.Finding(RuleNotExamined, fmt.Sprintf(
				"the policy has %d bytes without white space, nothing else is checked in one of more than %d", size, MaxExamined))}
		}
	}
	c := checker{id: id}
	p := c.policy(at)
	return p, c.findings.Findings()
}

// checker is the state of one check.
type checker struct {
	id         identity.Identity
	findings   finding.List
	sids       map[string]struct{} // those seen, if there is more than one statement
	principals int                 // the number named so far
	nobody     []document.Node     // Principal elements that name nobody
}

func (c *checker) violation(f document.Fault) { c.findings.Add(f) }

func (c *checker) warning(f document.Fault) {
	f.Level = finding.Warning
	c.findings.Add(f)
}

// noWarnings reports whether the list of warnings is full, so that searching for
// more is pointless.
func (c *checker) noWarnings() bool { return c.findings.Full(finding.Warning) }

// wrongType adds the violation that a value has another type than expected.
func (c *checker) wrongType(n document.Node, what, expected string) {
	c.violation(n.Fault(RuleWrongType, what+" is "+n.Type()+", expected "+expected))
}

// Values iterates over the values of an element that takes one value or a list:
// the elements of a list, or the value itself. A missing element has none.
func Values(n document.Node) iter.Seq[document.Node] {
	return func(yield func(document.Node) bool) {
		switch {
		case n.IsArray():
			n.Elements()(yield)
		case n.Exists():
			yield(n)
		}
	}
}

// isScalar reports whether the value is a number or a boolean: "Quotation marks
// are optional for numeric and Boolean values" (IAM grammar).
func isScalar(n document.Node) bool {
	return n.Exists() && !n.IsString() && !n.IsArray() && !n.IsObject() && !isNull(n)
}

func isNull(n document.Node) bool { return n.Exists() && n.Text() == "null" && !n.IsString() }
