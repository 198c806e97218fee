package account

import (
	"cmp"
	"slices"
	"strings"

	"sespolicy/shared/access"
)

// Grant is one grant of a policy, for people and programs.
type Grant struct {
	access.Grant
	Region string `json:"region"`
	Who    string `json:"who"` // the principal in words
	If     string `json:"if"`  // the conditions in words; empty for none
	Ownership
}

// Grants are what policies of an identity grant and deny. owners are theirs, by
// policy name.
func (r *Region) Grants(p *access.Policies, owners map[string]Ownership) []Grant {
	all := []Grant{}
	for _, g := range p.Grants() {
		all = append(all, Grant{Grant: g, Region: r.Owner.Region, Who: g.Who(), If: conditionWords(g), Ownership: owners[g.PolicyName]})
	}
	return all
}

// conditionWords are all conditions of a grant, to follow "if".
func conditionWords(g access.Grant) string {
	var words []string
	for _, c := range g.Conditions {
		words = append(words, c.Words())
	}
	return strings.Join(words, ", and ")
}

// Denies reports whether it is a denial. An Effect that is neither counts
// as a grant, with a doubt.
func (g Grant) Denies() bool { return strings.EqualFold(g.Effect, "Deny") }

// May is what the principal may do, or must not.
func (g Grant) May() string {
	if len(g.ExceptActions) > 0 {
		return "everything except " + strings.Join(g.ExceptActions, ", ")
	}
	return strings.Join(g.Actions, ", ")
}

// Under are the conditions in words, and what is in doubt.
func (g Grant) Under() string {
	words := g.If
	for _, doubt := range g.Doubts {
		words += " (in doubt: " + doubt + ")"
	}
	return strings.TrimSpace(words)
}

// Listed is one policy with what it grants, for people and programs.
type Listed struct {
	Region     string  `json:"region"`
	Identity   string  `json:"identity"`
	PolicyName string  `json:"policyName"`
	Grants     []Grant `json:"grants"`
	Problem    string  `json:"problem,omitempty"` // why the grants are not known
	Ownership
}

// List is all policies of the Region.
func (r *Region) List() []Listed {
	all := []Listed{}
	for _, id := range r.Contents.Identities {
		for _, p := range id.Policies {
			l := Listed{Region: r.Owner.Region, Identity: id.Name, PolicyName: p.Name, Grants: []Grant{}, Ownership: r.Ownership(id.Name, p)}
			policies, err := access.Read(r.Identity(id.Name), map[string]string{p.Name: p.Text})
			if err != nil {
				l.Problem = err.Error()
			} else {
				l.Grants = r.Grants(policies, map[string]Ownership{p.Name: l.Ownership})
			}
			all = append(all, l)
		}
	}
	return all
}

// Summary is whom a policy lets in and keeps out, in words.
func (l Listed) Summary() string {
	if l.Problem != "" {
		return "not known: " + l.Problem
	}
	words := map[bool][]string{} // denials, and grants
	for _, g := range l.Grants {
		who := g.Who
		if len(g.Conditions) > 0 {
			who += " (conditions)"
		}
		if denies := g.Denies(); !slices.Contains(words[denies], who) {
			words[denies] = append(words[denies], who)
		}
	}
	text := strings.Join(words[false], ", ")
	if len(words[true]) > 0 {
		text = strings.TrimPrefix(text+"; denied: "+strings.Join(words[true], ", "), "; ")
	}
	return cmp.Or(text, "nobody")
}
