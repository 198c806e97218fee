package audit

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"sespolicy/shared/account"
	"sespolicy/shared/account/meaning"
	"sespolicy/shared/finding"
	"sespolicy/shared/ledger"
)

// compare holds a policy against the ledger.
func (r Region) compare(name string, p account.Policy) []finding.Finding {
	if r.Records == nil {
		return nil
	}
	record, known := r.Record(name, p.Name)
	switch {
	case r.underWay(record):
		return nil
	case !known:
		return []finding.Finding{{Rule: Unmanaged, Code: Unmanaged, Message: "no request put this policy here",
			Hint: "request it as it is to manage it (sespolicy export writes the file), or delete it with a request"}}
	case !record.Present:
		return []finding.Finding{{Rule: Unmanaged, Code: Unmanaged, Message: fmt.Sprintf("this policy was deleted on %s by %s, and is there again",
			record.At.UTC().Format(time.DateOnly), account.OwnerWords(record)), Hint: "delete it with a request, or request it as it is to manage it"}}
	case !meaning.Equal(record.Text, p.Text, r.Owner.Partition):
		return []finding.Finding{{Rule: Changed, Code: Changed, Message: fmt.Sprintf("this is not the policy that was put on %s by %s",
			record.At.UTC().Format(time.DateOnly), account.OwnerWords(record)),
			Hint: fmt.Sprintf("sespolicy history %s %s shows what was requested; put that one back: send it again, or update the stack that owns it", record.Identity, record.PolicyName)}}
	}
	return nil
}

// missing are the records of policies that are not there. An identity that could
// not be read, or may be in the part of the list that could not, is left out.
func (r Region) missing() []ledger.Policy {
	present := map[ledger.Name]bool{}
	for _, id := range r.Contents.Identities {
		for _, p := range id.Policies {
			present[ledger.Name{Identity: r.Identity(id.Name).Name, PolicyName: p.Name}] = true
		}
	}
	var missing []ledger.Policy
	for name, record := range r.Records {
		selected := len(r.Patterns) == 0 || slices.ContainsFunc(r.Patterns, r.Identity(name.Identity).Matches)
		if record.Present && selected && !present[name] && !r.Unread(name.Identity) && !r.underWay(record) {
			missing = append(missing, record)
		}
	}
	slices.SortFunc(missing, func(a, b ledger.Policy) int {
		return cmp.Or(strings.Compare(a.Identity, b.Identity), strings.Compare(a.PolicyName, b.PolicyName))
	})
	return missing
}

// underWay reports whether the function is writing the policy now.
func (r Region) underWay(record ledger.Policy) bool {
	return record.Intent != nil && record.Intent.Until.After(r.Now)
}

// limits judges the policies of an identity together.
func (r Region) limits(id account.Identity) []finding.Finding {
	var findings []finding.Finding
	if n := len(id.Policies); n >= nearLimit {
		findings = append(findings, finding.Finding{Level: finding.Warning, Rule: PolicyLimit, Code: PolicyLimit,
			Message: fmt.Sprintf("%s has %d policies, SES allows %d on an identity", id.Name, n, account.MaxPolicies),
			Hint:    "put statements that belong together into one policy"})
	}
	levels := r.Contents.Deciding(id.Name)
	if strings.Contains(id.Name, "@") && len(id.Policies) > 0 && len(levels) == 2 && levels[0].Name == id.Name && len(levels[1].Policies) > 0 {
		domain := levels[1]
		findings = append(findings, finding.Finding{Level: finding.Warning, Rule: ShadowedDomain, Code: ShadowedDomain,
			Message: fmt.Sprintf("%s has policies of its own, so those of %s do not count for it, not even a Deny: %s", id.Name, domain.Name, names(domain)),
			Hint:    "sespolicy who-can " + id.Name + " shows what counts"})
	}
	return findings
}

// names are the names of an identity's policies.
func names(id account.Identity) string {
	var all []string
	for _, p := range id.Policies {
		all = append(all, p.Name)
	}
	return strings.Join(all, ", ")
}
