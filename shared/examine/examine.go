// Package examine checks the requests and policies in files as the function
// would check them: for the command before anything is sent, for an audit, and
// for an editor's text.
//
// It reads no files and finds no entries in them (package requestfile), and it
// decides nothing that the function decides: packages check, policy and
// guardrail do.
package examine

import (
	"cmp"
	"os"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/go-json-experiment/json/jsontext"

	"sespolicy/shared/check"
	"sespolicy/shared/document"
	"sespolicy/shared/finding"
	"sespolicy/shared/guardrail"
	"sespolicy/shared/identity"
	"sespolicy/shared/notification"
	"sespolicy/shared/outcome"
	"sespolicy/shared/policy"
	"sespolicy/shared/printout"
	"sespolicy/shared/requestfile"
)

// Examiner checks texts for one deployment.
type Examiner struct {
	Guardrail *guardrail.Guardrail
	Identity  identity.Identity // what policies without a request are for; may be unknown
	Owner     identity.Owner    // may be unknown
	QueueARN  string
	Topic     string // the name of the SNS topic that requests come through; empty for none
	// OwnAccount refuses resources of other accounts, whatever the guardrails are.
	OwnAccount bool
	// Answers is where the deployment lets answers go; nil if that is not known,
	// for wherever a function may be allowed to answer.
	Answers *check.Answers
}

// Unchecked counts what could not be checked because it is not known.
type Unchecked struct {
	Identities int // policies whose resources were compared with no identity
	Values     int // values in templates and plans that are known only after a deployment
}

// File checks the policies and requests in a file.
func (e *Examiner) File(name string, text []byte) (checked printout.File, unchecked Unchecked) {
	file := requestfile.Read(name, text, e.Owner)
	findings := withCode(slices.Concat(file.Findings, file.Warnings), outcome.MalformedRequest)
	for i := range file.Entries {
		entry := &file.Entries[i]
		found := e.Request
		if entry.Bare {
			found = e.policy
			if e.Identity.Name == "" && jsontext.Value(entry.Body).IsValid() {
				unchecked.Identities++
			}
		}
		findings = append(findings, found(entry)...)
		unchecked.Values += len(entry.Unknown)
	}
	return printout.NewFile(name, string(text), findings), unchecked
}

// Body checks a text as what it will be on the queue: a request.
func (e *Examiner) Body(name string, text []byte) printout.File {
	entry := requestfile.Single(string(text))
	return printout.NewFile(name, string(text), e.Request(&entry))
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

// otherAccounts finds the resources of a policy that are in another account than
// the queue.
func (e *Examiner) otherAccounts(p *policy.Policy) []finding.Finding {
	var found finding.List
	if p == nil || !e.OwnAccount || e.Owner.Account == "" {
		return nil
	}
	for _, s := range p.Statements {
		for n := range policy.Values(s.Resource) {
			if a, err := arn.Parse(n.Text()); n.IsString() && err == nil && identity.IsAccount(a.AccountID) && a.AccountID != e.Owner.Account {
				f := n.Finding(guardrail.RequireMatchingResource, "the resource "+finding.Quote(n.Text())+" is in account "+a.AccountID+
					", the identities of this deployment are in "+e.Owner.Account)
				f.Hint = "name the identity in account " + e.Owner.Account + "; --no-check sends it as it is"
				f.Code = outcome.GuardrailViolation
				found.Append(f)
			}
		}
	}
	return found.Findings()
}

// policy checks a policy that is in a file by itself.
func (e *Examiner) policy(entry *requestfile.Entry) []finding.Finding {
	var topic guardrail.Topic
	if e.Topic != "" {
		topic = func() (string, error) { return e.Topic, nil }
	}
	findings := Policy(entry.Body, e.Identity, entry.PolicyName, e.Guardrail, topic)
	for i, f := range findings {
		if f.Code == outcome.GuardrailViolation && f.Line == 0 { // at the policy's name, which is around it
			findings[i].Path = ""
		}
	}
	return entry.Place(findings)
}

// Policy checks a policy by itself. The identity that it is for may be unknown.
// The topic that its request came through must be known: it is no error.
func Policy(text string, id identity.Identity, name string, g *guardrail.Guardrail, topic guardrail.Topic) []finding.Finding {
	doc, findings := document.ReadString(text)
	if doc == nil {
		return withCode(findings, outcome.InvalidPolicy)
	}
	parsed, found := policy.Check(doc.Root(), id)
	findings = append(findings, found...)
	if f, tooLarge := policy.CheckSize(doc.Root(), doc.Root().Minified()); tooLarge {
		f.Code = outcome.PolicyTooLarge
		findings = append(findings, f)
	}
	refused, _ := g.Check(guardrail.Request{Identity: id, PolicyName: name, Policy: parsed}, topic) // fails with the topic only
	findings = append(findings, withCode(refused, outcome.GuardrailViolation)...)
	return withCode(findings, outcome.InvalidPolicy)
}

// Request checks a request, in its envelopes or bare. Findings get their place in
// the file.
func (e *Examiner) Request(entry *requestfile.Entry) []finding.Finding {
	var topic check.Topic
	if e.Topic != "" { // the function verifies a signature here, and these requests have none yet
		topic = func() (notification.Verified, error) { return notification.Verified{TopicName: e.Topic}, nil }
	}
	m, source, refused := entry.Open(e.QueueARN)
	answers := check.Answers{Region: cmp.Or(e.Owner.Region, m.Owner.Region), S3Endpoint: os.Getenv("AWS_ENDPOINT_URL_S3"), StepFunctions: true}
	if e.Answers != nil {
		answers = *e.Answers
	}
	verdict := check.Request(m, source, check.Rules{Guardrail: e.Guardrail, Answers: answers}, topic)
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
