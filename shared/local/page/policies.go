package page

import (
	"errors"
	"maps"
	"slices"

	"sespolicy/shared/access"
	"sespolicy/shared/account/meaning"
	"sespolicy/shared/identity"
)

// identityView is one identity and who can send as it.
type identityView struct {
	Name     string
	Grants   []access.Grant
	Problem  string            // why its policies cannot be read
	Policies map[string]string // name to text, for people
}

// identities are the identities that have policies, by name.
func (p *page) identities() []identityView {
	var all []identityView
	owner, _ := identity.ParseOwner(p.stack.Source().ARN()) // it has one
	stored := p.stack.Email.Policies()
	for _, name := range slices.Sorted(maps.Keys(stored)) {
		policies := stored[name]
		if len(policies) == 0 {
			continue
		}
		view := identityView{Name: name, Policies: map[string]string{}}
		id, err := identity.Parse(name)
		read, cannot := access.Read(owner.Of(id), policies)
		if err = errors.Join(err, cannot); err != nil {
			view.Problem = err.Error()
		} else {
			view.Grants = read.Grants()
		}
		for policy, text := range policies {
			view.Policies[policy] = meaning.Pretty(text)
		}
		all = append(all, view)
	}
	return all
}
