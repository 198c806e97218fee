package main

import (
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-lambda-go/events"
	"github.com/go-json-experiment/json/jsontext"

	"sespolicy/shared/check"
	"sespolicy/shared/document"
	"sespolicy/shared/finding"
	"sespolicy/shared/guardrail"
	"sespolicy/shared/identity"
	"sespolicy/shared/message"
	"sespolicy/shared/outcome"
	"sespolicy/shared/policy"
	"sespolicy/shared/printout"
)

// examiner checks the texts of files as the function would.
type examiner struct {
	fence    *guardrail.Guardrail
	identity identity.Identity // what policies are for; may be none
	owner    identity.Owner    // may be none
	queueARN string
}

// examine checks a text, which is a policy or a request.
func (e *examiner) examine(name string, text []byte) printout.File {
	doc, findings := document.Read(text)
	switch {
	case doc == nil:
	case isRequest(doc.Root()):
		findings = e.request(doc, text)
	default:
		findings = append(findings, e.policy(doc.Root())...)
	}
	file := printout.File{Name: name, Findings: findings}
	if len(findings) > 0 {
		slices.SortStableFunc(findings, func(a, b finding.Finding) int {
			if a.Line != b.Line {
				return a.Line - b.Line
			}
			return a.Column - b.Column
		})
		lines := strings.Split(string(text), "\n")
		for _, f := range findings {
			file.Lines = append(file.Lines, strings.TrimSuffix(lines[min(max(f.Line, 1), len(lines))-1], "\r"))
		}
	}
	return file
}

// isRequest tells a request or an envelope from a policy by what is on top.
func isRequest(root document.Node) bool {
	if _, ok := root.Member("Statement"); ok {
		return false
	}
	for name := range root.Members() {
		for _, member := range []string{"Identity", "PolicyName", "Policy", "TopicArn", "detail-type", "RequestType", "Records"} {
			if strings.EqualFold(name, member) {
				return true
			}
		}
	}
	return false
}

// policy checks a policy that stands by itself.
func (e *examiner) policy(at document.Node) []finding.Finding {
	p, findings := policy.Check(at, e.identity)
	if f, tooLarge := policy.CheckSize(at, at.Minified()); tooLarge {
		findings = append(findings, f)
	}
	return append(findings, e.fence.CheckPolicy(e.identity, p)...)
}

// request checks a request, in its envelopes or bare. What is found in a text
// that stands as a string inside the file is given its place in the file.
func (e *examiner) request(doc *document.Document, text []byte) []finding.Finding {
	m, refused := message.Open(events.SQSMessage{Body: string(text), EventSourceARN: e.queueARN})
	findings, found := check.Request(m.Request, e.fence)
	if refused = outcome.Join(refused, found); refused != nil {
		findings = append(findings, refused.Violations...)
	}
	for i := range findings {
		f := &findings[i]
		f.Line, f.Column = doc.Position(offset(doc, *f))
	}
	return findings
}

// offset is where in the document's text a finding's place is. A notification
// of SNS has the request as a string, and a request may have its policy as one:
// what is found there counts its lines within that string.
func offset(doc *document.Document, f finding.Finding) int {
	n := doc.Root()
	if inner := n.Get("Message"); inner.IsString() && n.Get("Type").Exists() && n.Get("Type").Text() == "Notification" {
		if within, _ := document.Read([]byte(inner.Text())); within != nil {
			return inner.Outer(offset(within, f))
		}
		return inner.Outer(lineOffset(inner.Text(), f))
	}
	for token := range jsontext.Pointer(f.Path).Tokens() {
		if n = child(n, token); !n.Exists() {
			break
		}
		if n.IsString() && n.Name() == "Policy" {
			return n.Outer(lineOffset(n.Text(), f))
		}
	}
	return doc.Offset(f.Line, f.Column)
}

// lineOffset is the byte at a finding's line and column in a text of its own.
func lineOffset(text string, f finding.Finding) int {
	at := 0
	for line := 1; line < f.Line; line++ {
		at += strings.IndexByte(text[at:], '\n') + 1
	}
	column := 1
	for i := range text[at:] {
		if column == f.Column {
			return at + i
		}
		column++
	}
	return len(text)
}

// child is the member or element that a token of a JSON Pointer names.
func child(n document.Node, token string) document.Node {
	if i, err := strconv.Atoi(token); err == nil {
		for e := range n.Elements() {
			if i == 0 {
				return e
			}
			i--
		}
	}
	return n.Get(token)
}
