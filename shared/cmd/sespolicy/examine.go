package main

import (
	"os"
	"slices"
	"strings"

	"github.com/aws/aws-lambda-go/events"

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
	if doc != nil {
		if shape, _ := message.Recognize(doc.Root()); shape == message.IsPolicy {
			findings = append(findings, e.policy(doc.Root())...)
		} else {
			findings = e.request(text)
		}
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

// policy checks a policy that stands by itself.
func (e *examiner) policy(at document.Node) []finding.Finding {
	p, findings := policy.Check(at, e.identity)
	if f, tooLarge := policy.CheckSize(at, at.Minified()); tooLarge {
		findings = append(findings, f)
	}
	refused, _ := e.fence.Check(guardrail.Request{Identity: e.identity, Policy: p}, nil) // without a topic there is no error
	return append(findings, refused...)
}

// request checks a request, in its envelopes or bare. Findings get their place in
// the file.
func (e *examiner) request(text []byte) []finding.Finding {
	m, source, refused := message.Open(events.SQSMessage{Body: string(text), EventSourceARN: e.queueARN})
	verdict := check.Request(m, source, check.Rules{Guardrail: e.fence, Answers: check.Answers{
		Region: e.owner.Region, S3Endpoint: os.Getenv("AWS_ENDPOINT_URL_S3"), StepFunctions: true}})
	findings := verdict.Warnings
	if refused = outcome.Join(refused, verdict.Refused); refused != nil {
		findings = append(findings, refused.Violations...)
	}
	for i, f := range findings {
		findings[i] = source.InBody(f)
	}
	return findings
}
