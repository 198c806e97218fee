package requestfile

import (
	"cmp"
	"slices"
	"strings"

	"github.com/aws/aws-lambda-go/events"

	"sespolicy/shared/document"
	"sespolicy/shared/finding"
	"sespolicy/shared/guardrail"
	"sespolicy/shared/identity"
	"sespolicy/shared/message"
	"sespolicy/shared/outcome"
	"sespolicy/shared/policy"
)

// Open opens the entry as the function would. What is not known is left out of
// the message, so that no check is made of it. queueARN says whose identities the
// request is for; if it is empty, the queue is the one that the file names.
func (e *Entry) Open(queueARN string) (message.Message, *message.Source, *outcome.Rejection) {
	record := events.SQSMessage{Body: e.text(), EventSourceARN: cmp.Or(queueARN, e.QueueARN), MessageAttributes: e.Attributes}
	m, s, refused := message.Open(record)
	if _, unknown := e.unknown[e.request+"/Identity"]; unknown {
		m.Request.Identity = identity.Identity{}
	}
	if _, unknown := e.unknown[e.request+"/PolicyName"]; unknown {
		m.Request.PolicyName = ""
	}
	if _, unknown := e.unknown[e.request+"/Policy"]; unknown {
		s.Policy, s.PolicyFindings = document.Node{}, nil
	}
	return m, s, refused
}

func (e *Entry) text() string { return cmp.Or(e.opened, e.Body) }

// Place returns the findings, whose lines and columns are in the body that was
// opened, at their places in the file. It leaves out those at or because of a
// value that is not known.
func (e *Entry) Place(findings []finding.Finding) []finding.Finding {
	var placed []finding.Finding
	for _, f := range findings {
		if e.depends(f) {
			continue
		}
		f.Line, f.Column, f.Depth = max(f.Line, 1), max(f.Column, 1), 0
		if f, ok := e.at.place(f, e.text()); ok {
			placed = append(placed, f)
		}
	}
	return placed
}

// depends reports whether a finding is at an unknown value or may be there because
// of one.
func (e *Entry) depends(f finding.Finding) bool {
	if len(e.unknown) == 0 {
		return false
	}
	found := elementOf(strings.TrimPrefix(f.Path, e.request+"/Policy"))
	judged := f.Level == finding.Warning || isGuardrail(f.Rule)
	for at, offset := range e.unknown {
		unknown := elementOf(strings.TrimPrefix(at, e.request+"/Policy"))
		switch {
		case f.Path == at:
			if document.Offset(e.text(), f.Line, f.Column) >= offset { // before it stands the name, which is known
				return true
			}
		case strings.HasPrefix(f.Path, at+"/"):
			return true
		case !strings.HasPrefix(at, e.request+"/Policy/"):
		case f.Rule == policy.RulePolicySize || f.Rule == policy.RuleNotExamined:
			return true
		case unknown.name == "Version" && f.Level == finding.Warning && strings.HasPrefix(f.Path, e.request+"/Policy"):
			return true // policy variables are read by it
		case found.name != "" && found == unknown && strings.HasPrefix(at, f.Path+"/"):
			return true // at the element that the value is in
		case judged && (found.statement == unknown.statement || found.statement == "") && slices.Contains(affected(found.name), unknown.name):
			return true
		}
	}
	return false
}

func isGuardrail(rule string) bool {
	return slices.ContainsFunc(guardrail.Settings(), func(s guardrail.Setting) bool { return s.Variable == rule })
}

// element is an element of a statement: the pointer of the statement in the
// policy, and the element's name. Both are empty outside of statements.
type element struct{ statement, name string }

// elementOf is the element that a pointer into a policy is in.
func elementOf(pointer string) element {
	tokens := strings.Split(strings.TrimPrefix(pointer, "/"), "/")
	if tokens[0] != "Statement" {
		return element{name: tokens[0]}
	}
	e := element{statement: "/Statement"}
	tokens = tokens[1:]
	if len(tokens) > 0 && strings.Trim(tokens[0], "0123456789") == "" { // a list of statements
		e.statement += "/" + tokens[0]
		tokens = tokens[1:]
	}
	if len(tokens) > 0 {
		e.name = tokens[0]
	}
	return e
}

// affected are the elements of a statement whose values decide whether a warning
// or a guardrail's refusal at an element stands. What is found at a whole
// statement may come from any of them.
func affected(name string) []string {
	switch name {
	case "Principal", "NotPrincipal":
		return []string{"Effect", "Condition", "Action", "NotAction"}
	case "Action", "NotAction", "Resource", "NotResource":
		return []string{"Effect"}
	case "Condition":
		return []string{"Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Condition"}
	case "Effect", "":
		return []string{"", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"}
	default:
		return nil
	}
}

const (
	someAccount  = "123456789012"
	someIdentity = "example.com"
	someResource = `"arn:aws:ses:us-east-1:` + someAccount + `:identity/` + someIdentity + `"`
	someGrantee  = `{"AWS":"` + someAccount + `"}`
	statement    = `{"Effect":"Allow","Principal":` + someGrantee + `,"Action":"ses:SendEmail","Resource":` + someResource + `}`
)

// stand is what stands for an unknown value, by its pointer: a value that is right
// there, so that nothing else is found because of it.
func stand(pointer, request string) string {
	rest, ok := strings.CutPrefix(pointer, request+"/Policy")
	if !ok || rest != "" && rest[0] != '/' {
		if pointer == request+"/Identity" {
			return `"` + someIdentity + `"`
		}
		if pointer == request+"/AdoptExisting" {
			return `"true"`
		}
		return `"unknown"`
	}
	e := elementOf(rest)
	depth := strings.Count(rest, "/") - strings.Count(e.statement, "/")
	switch {
	case rest == "":
		return `{"Statement":[` + statement + `]}`
	case rest == "/Statement":
		return "[" + statement + "]"
	case e.statement != "" && e.name == "":
		return statement
	case e.statement != "" && depth == 1 && (e.name == "Principal" || e.name == "NotPrincipal"):
		return someGrantee
	case e.name == "Condition" && depth < 3:
		return "{}"
	}
	switch e.name {
	case "Effect":
		return `"Allow"`
	case "Principal", "NotPrincipal":
		return `"` + someAccount + `"`
	case "Action", "NotAction":
		return `"ses:SendEmail"`
	case "Resource", "NotResource":
		return someResource
	case "Version":
		return `"2012-10-17"`
	default:
		return `"unknown"`
	}
}
