package account

import (
	"slices"
	"strings"

	"sespolicy/shared/identity"
)

// Levels are the names of the identities that may decide who sends as name, the
// most specific first: an address, the same address without its label
// (a+label@example.com), its domain, and the parents of that. A domain and an
// address that are no identities of their own are covered by a parent domain.
// https://docs.aws.amazon.com/ses/latest/dg/creating-identities.html
func Levels(name string) []string {
	var names []string
	local, domain, address := cutLast(name, "@")
	if address {
		names = append(names, name)
		if user, _, labeled := strings.Cut(local, "+"); labeled && user != "" {
			names = append(names, user+"@"+domain)
		}
	} else {
		domain = name
	}
	domain = strings.ToLower(domain)
	for strings.Contains(domain, ".") {
		names = append(names, domain)
		_, domain, _ = strings.Cut(domain, ".")
	}
	if len(names) == 0 {
		names = append(names, domain) // a domain of one label
	}
	return names
}

func cutLast(text, separator string) (before, after string, found bool) {
	i := strings.LastIndex(text, separator)
	if i < 0 {
		return text, "", false
	}
	return text[:i], text[i+len(separator):], true
}

// Deciding are the identities that decide who sends as name: the address if the
// account has it, followed by the closest domain that it has. None: the account
// cannot send as name at all.
func (c Contents) Deciding(name string) []Identity {
	var deciding []Identity
	for _, level := range Levels(name) {
		address := strings.Contains(level, "@")
		if address && len(deciding) > 0 {
			continue
		}
		i := slices.IndexFunc(c.Identities, func(id Identity) bool { return canonical(id.Name) == level })
		if i < 0 {
			continue
		}
		deciding = append(deciding, c.Identities[i])
		if !address {
			break
		}
	}
	return deciding
}

// canonical is the name of an identity, in lower case for a domain.
func canonical(name string) string {
	id, err := identity.Parse(name)
	if err != nil {
		return name
	}
	return id.Name
}

// Texts are the identity's policies, name to text.
func (id Identity) Texts() map[string]string {
	texts := make(map[string]string, len(id.Policies))
	for _, p := range id.Policies {
		texts[p.Name] = p.Text
	}
	return texts
}
