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
	"sespolicy/shared/examine"
	"sespolicy/shared/finding"
	"sespolicy/shared/guardrail"
	"sespolicy/shared/outcome"
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
	*account.Region
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
		add(r.file(strings.TrimSuffix(account.Path(r.Owner.Region, id.Name, ""), "/.json"), id.Name, "", "", r.limits(id)))
	}
	for _, record := range r.missing() {
		f := finding.Finding{Rule: Missing, Code: Missing, Message: fmt.Sprintf("the policy that was put on %s by %s is not there",
			record.At.UTC().Format(time.DateOnly), account.OwnerWords(record)), Hint: "send the request again, or delete the policy with a request"}
		add(r.file(account.Path(r.Owner.Region, record.Identity, record.PolicyName), record.Identity, record.PolicyName, record.Text, []finding.Finding{f}))
	}
	slices.SortStableFunc(files, func(a, b printout.File) int { return strings.Compare(a.Name, b.Name) })
	return files
}

// file is a policy, or an identity as a whole, and what was found.
func (r Region) file(path, name, policyName, text string, findings []finding.Finding) printout.File {
	for i := range findings {
		f := &findings[i]
		f.Code, f.Line, f.Column = cmp.Or(f.Code, outcome.InvalidPolicy), max(f.Line, 1), max(f.Column, 1)
	}
	file := printout.NewFile(path, text, findings)
	file.Region, file.Identity, file.PolicyName = r.Owner.Region, name, policyName
	return file
}

// check is what the function would say of the policy as it is.
func (r Region) check(name string, p account.Policy, g *guardrail.Guardrail) []finding.Finding {
	topic := func() (string, error) {
		record, _ := r.Record(name, p.Name)
		return record.By.Topic, nil // verified when the request was applied
	}
	return examine.Policy(p.Text, r.Identity(name), p.Name, g, topic)
}
