// Package policy reads and checks the language of SES sending authorization
// policies (https://docs.aws.amazon.com/ses/latest/dg/policy-anatomy.html),
// which is the IAM policy language
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html)
// with rules of its own.
//
// A finding is a violation only where no reading of those two pages allows what
// was found: a policy that SES would take is never refused. Whatever SES may
// refuse, or what will not do what it seems to, is a warning. Everything else
// is left to SES.
//
// It asks nobody: whether a principal exists, whether the identity is verified
// and how many policies it has, only SES knows. What a deployment refuses on
// its own account is the guardrail's business. Nothing it reads is altered.
package policy

import (
	"fmt"
	"iter"

	"sespolicy/shared/document"
	"sespolicy/shared/finding"
	"sespolicy/shared/identity"
)

// Policy is what could be read of a policy. Its values are places in the text:
// an element that was not there is the zero Node. One whose name is evidently
// misspelt is read as the element it is meant for, so that nothing hides behind
// a misspelling.
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

// The two effects. They are case-sensitive.
const (
	Allow = "Allow"
	Deny  = "Deny"
)

// Is reports whether the statement's Effect is this very word.
func (s *Statement) Is(effect string) bool {
	return s.Effect.IsString() && s.Effect.Text() == effect
}

// Check reads the policy that stands at a place in a document and checks it as
// a policy for the identity; the zero Identity when that is not known. It
// returns all findings in the order of the text, and the policy as far as it
// could be read, which is never nil.
//
// It does not repeat what reading the document found ([document.Read]: syntax,
// duplicate members), and leaves the size to [CheckSize]. A policy longer than
// [MaxExamined] is not read: its one violation is that.
func Check(at document.Node, id identity.Identity) (*Policy, []finding.Finding) {
	if len(at.Raw()) > MaxExamined {
		if size := len(at.Minified()); size > MaxExamined {
			return &Policy{At: at}, []finding.Finding{at.Finding(RuleNotExamined, fmt.Sprintf(
				"the policy has %d bytes without white space, of one that has more than %d nothing else is checked", size, MaxExamined))}
		}
	}
	c := checker{id: id}
	p := c.policy(at)
	return p, c.findings.Findings()
}

// checker is one check under way.
type checker struct {
	id         identity.Identity
	findings   finding.List
	sids       map[string]struct{} // those seen, when there is more than one statement
	principals int                 // how many were named so far
	nobody     []document.Node     // Principal elements that name nobody
}

func (c *checker) violation(f document.Fault) { c.findings.Add(f) }

func (c *checker) warning(f document.Fault) {
	f.Level = finding.Warning
	c.findings.Add(f)
}

// noWarnings reports that no further warning is kept, so none need be looked for.
func (c *checker) noWarnings() bool { return c.findings.Full(finding.Warning) }

// wrongType is the violation that a value is not of the type that was expected.
func (c *checker) wrongType(n document.Node, what, expected string) {
	c.violation(n.Fault(RuleWrongType, what+" is "+n.Type()+", "+expected+" was expected"))
}

// Values are the values of an element that takes one or a list: the elements of
// a list, or the value itself. Nothing for an element that is not there.
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
