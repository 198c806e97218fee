// Package audit judges the sending authorization policies of an account: each
// policy by the checks and guardrails that the function makes, by the ledger,
// and each identity by its limits.
//
// It reads nothing itself: packages account and ledger do. What could not be
// read is not judged, and is never taken for absent.
package audit

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"sespolicy/shared/account"
	"sespolicy/shared/document"
	"sespolicy/shared/finding"
	"sespolicy/shared/guardrail"
	"sespolicy/shared/identity"
	"sespolicy/shared/ledger"
	"sespolicy/shared/outcome"
	"sespolicy/shared/policy"
	"sespolicy/shared/printout"
)

// The rules, which are also the codes, of what an audit finds beside the
// checks.
const (
	// Unmanaged is a policy that the ledger does not know.
	Unmanaged = "Unmanaged"
	// Changed is a policy that is not what was last requested.
	Changed = "Changed"
	// Missing is a policy that the ledger has and the identity has not.
	Missing = "Missing"
	// PolicyLimit warns of an identity with almost as many policies as SES allows.
	PolicyLimit = "PolicyLimit"
	// ShadowedDomain warns of an address whose own policies count instead of its
	// domain's.
	ShadowedDomain = "ShadowedDomain"
)

// nearLimit is the number of policies of an identity from which a warning says
// so: two more fit.
const nearLimit = account.MaxPolicies - 2

// Region is what is audited: one Region of an account.
type Region struct {
	Owner    identity.Owner
	Contents account.Contents
	// Records are the ledger's; nil if no ledger is known.
	Records map[ledger.Name]ledger.Policy
	// Patterns are those that the identities were selected by; none: all.
	Patterns []string
	Now      time.Time // a policy that is being written now is not compared
}

// Files returns what was found, one file for each policy or identity with
// findings, sorted by path. Guardrail is the deployment's.
func (r Region) Files(g *guardrail.Guardrail) []printout.File {
	var files []printout.File
	add := func(file printout.File) {
		if len(file.Findings) > 0 {
			files = append(files, file)
		}
	}
	for _, id := range r.Contents.Identities {
		paths := account.Paths(r.Owner.Region, id)
		for _, p := range id.Policies {
			findings := append(r.compare(id.Name, p), r.check(id.Name, p, g)...)
			add(r.file(paths[p.Name], id.Name, p.Name, p.Text, findings))
		}
		add(r.file(strings.TrimSuffix(account.Path(r.Owner.Region, id.Name, ""), "/.json"), id.Name, "", "", r.identity(id)))
	}
	for _, record := range r.missing() {
		f := finding.Finding{Rule: Missing, Code: Missing, Message: fmt.Sprintf("the policy that was put on %s by %s is not there",
			record.At.UTC().Format(time.DateOnly), requester(record)), Hint: "send the request again, or delete the policy with a request"}
		add(r.file(account.Path(r.Owner.Region, record.Identity, record.PolicyName), record.Identity, record.PolicyName, record.Text, []finding.Finding{f}))
	}
	slices.SortStableFunc(files, func(a, b printout.File) int { return strings.Compare(a.Name, b.Name) })
	return files
}

// file puts findings in the order of the text, with the lines they are on.
func (r Region) file(path, name, policyName, text string, findings []finding.Finding) printout.File {
	lines := strings.Split(text, "\n")
	file := printout.File{Name: path, Region: r.Owner.Region, Identity: name, PolicyName: policyName}
	slices.SortStableFunc(findings, func(a, b finding.Finding) int { return cmp.Or(a.Line-b.Line, a.Column-b.Column) })
	for _, f := range findings {
		f.Code = cmp.Or(f.Code, outcome.InvalidPolicy)
		f.Line, f.Column = max(f.Line, 1), max(f.Column, 1)
		file.Findings = append(file.Findings, f)
		file.Lines = append(file.Lines, lines[min(f.Line, len(lines))-1])
	}
	return file
}

// check is what the function would say of the policy as it stands.
func (r Region) check(name string, p account.Policy, g *guardrail.Guardrail) []finding.Finding {
	doc, findings := document.ReadString(p.Text)
	if doc == nil {
		return findings
	}
	id := r.id(name)
	parsed, found := policy.Check(doc.Root(), id)
	findings = append(findings, found...)
	if f, tooLarge := policy.CheckSize(doc.Root(), doc.Root().Minified()); tooLarge {
		f.Code = outcome.PolicyTooLarge
		findings = append(findings, f)
	}
	topic := func() (string, error) {
		record := r.Records[ledger.Name{Identity: id.Name, PolicyName: p.Name}]
		return record.By.Topic, nil // verified when the request was applied
	}
	refused, _ := g.Check(guardrail.Request{Identity: id, PolicyName: p.Name, Policy: parsed}, topic) // fails with the topic only
	for _, f := range refused {
		f.Code = outcome.GuardrailViolation
		findings = append(findings, f)
	}
	return findings
}

func (r Region) id(name string) identity.Identity {
	id, err := identity.Parse(name)
	if err != nil {
		id = identity.Identity{Name: name}
	}
	return r.Owner.Of(id)
}
