package main

import (
	"cmp"
	"os"
	"slices"
	"strings"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws/arn"

	"sespolicy/shared/check"
	"sespolicy/shared/document"
	"sespolicy/shared/finding"
	"sespolicy/shared/guardrail"
	"sespolicy/shared/identity"
	"sespolicy/shared/message"
	"sespolicy/shared/outcome"
	"sespolicy/shared/policy"
	"sespolicy/shared/printout"
	"sespolicy/shared/requestfile"
)

// examiner checks texts as the function would.
type examiner struct {
	fence    *guardrail.Guardrail
	identity identity.Identity // what policies are for; may be unknown
	owner    identity.Owner    // may be unknown
	queueARN string
	topic    string // the name of the SNS topic that requests come through; empty for none
	// ownAccount refuses resources of other accounts, whatever the guardrails are.
	ownAccount bool
}

// examine checks the policies and requests in a file.
func (e *examiner) examine(name string, text []byte) printout.File {
	file := requestfile.Read(name, text, e.owner)
	findings := withCode(file.Findings, outcome.MalformedRequest)
	for i := range file.Entries {
		if entry := &file.Entries[i]; entry.Bare {
			findings = append(findings, e.policy(entry)...)
		} else {
			findings = append(findings, e.request(entry)...)
		}
	}
	return asFile(name, string(text), findings)
}

// asRequest checks a text as what it will be on the queue: a request.
func (e *examiner) asRequest(name string, text []byte) printout.File {
	entry := requestfile.Single(string(text))
	return asFile(name, string(text), e.request(&entry))
}

// withCode gives a code to the findings that have none. A warning is of the
// policy.
func withCode(findings []finding.Finding, code string) []finding.Finding {
	for i := range findings {
		f := &findings[i]
		if f.Level == finding.Warning {
			f.Code = outcome.InvalidPolicy
		}
		f.Code = cmp.Or(f.Code, code)
	}
	return findings
}

// asFile puts findings into the order of their text, with the lines they are on.
func asFile(name, text string, findings []finding.Finding) printout.File {
	slices.SortStableFunc(findings, func(a, b finding.Finding) int { return cmp.Or(a.Line-b.Line, a.Column-b.Column) })
	file := printout.File{Name: name, Findings: findings}
	lines := strings.Split(text, "\n")
	for _, f := range findings {
		file.Lines = append(file.Lines, lineOf(lines, f.Line))
	}
	return file
}

// lineOf is a line by its number, from 1. A number beyond the text is the last line's.
func lineOf(lines []string, number int) string {
	return strings.TrimSuffix(lines[min(max(number, 1), len(lines))-1], "\r")
}

// otherAccounts finds the resources of a policy that are in another account than
// the queue.
func (e *examiner) otherAccounts(p *policy.Policy) []finding.Finding {
	var found finding.List
	if p == nil || !e.ownAccount || e.owner.Account == "" {
		return nil
	}
	for _, s := range p.Statements {
		for n := range policy.Values(s.Resource) {
			if a, err := arn.Parse(n.Text()); n.IsString() && err == nil && identity.IsAccount(a.AccountID) && a.AccountID != e.owner.Account {
				f := n.Finding(guardrail.RequireMatchingResource, "the resource "+finding.Quote(n.Text())+" is in account "+a.AccountID+
					", the identities of this deployment are in "+e.owner.Account)
				f.Hint = "name the identity in account " + e.owner.Account + "; --no-check sends it as it is"
				f.Code = outcome.GuardrailViolation
				found.Append(f)
			}
		}
	}
	return found.Findings()
}

// policy checks a policy that stands by itself.
func (e *examiner) policy(entry *requestfile.Entry) []finding.Finding {
	doc, findings := document.ReadString(entry.Body)
	if doc == nil {
		return entry.Place(withCode(findings, outcome.InvalidPolicy))
	}
	at := doc.Root()
	p, found := policy.Check(at, e.identity)
	findings = append(findings, found...)
	if f, tooLarge := policy.CheckSize(at, at.Minified()); tooLarge {
		f.Code = outcome.PolicyTooLarge
		findings = append(findings, f)
	}
	refused, _ := e.fence.Check(guardrail.Request{Identity: e.identity, PolicyName: entry.PolicyName, Policy: p}, e.topicGuard()) // a known topic is no error
	for _, f := range refused {
		if f.Line == 0 { // at the policy's name, which is around it
			f.Path = ""
		}
		f.Code = outcome.GuardrailViolation
		findings = append(findings, f)
	}
	return entry.Place(withCode(findings, outcome.InvalidPolicy))
}

// request checks a request, in its envelopes or bare. Findings get their place in
// the file.
func (e *examiner) request(entry *requestfile.Entry) []finding.Finding {
	m, source, refused := entry.Open(e.queueARN)
	verdict := check.Request(m, source, check.Rules{Guardrail: e.fence, Answers: check.Answers{
		Region: cmp.Or(e.owner.Region, m.Owner.Region), S3Endpoint: os.Getenv("AWS_ENDPOINT_URL_S3"), StepFunctions: true}}, e.topicCheck())
	findings := verdict.Warnings
	if refused = outcome.Join(refused, verdict.Refused); refused != nil {
		findings = append(findings, refused.Violations...)
	}
	if source.Policy.Exists() {
		parsed, _ := policy.Check(source.Policy, m.Request.Identity)
		for _, f := range e.otherAccounts(parsed) {
			if !slices.ContainsFunc(findings, func(g finding.Finding) bool { return g.Path == f.Path && g.Rule == f.Rule }) {
				findings = append(findings, f)
			}
		}
	}
	for i, f := range findings {
		findings[i] = source.InBody(f)
	}
	return entry.Place(withCode(findings, outcome.MalformedRequest))
}

// openRequest opens a body as the function does.
func openRequest(body, queueARN string) message.Message {
	m, _, _ := message.Open(events.SQSMessage{Body: body, EventSourceARN: queueARN})
	return m
}
