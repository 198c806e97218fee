package identity

import (
	"strings"

	"golang.org/x/net/idna"
)

// Punycode returns the name of an identity with its international domain in
// the ASCII form that SES takes (RFC 5891), for example xn--mnchen-3ya.example
// for münchen.example. It returns "" if the domain is ASCII already, if it has
// no such form, or if the result is no identity.
func Punycode(name string) string {
	if len(name) > MaxLength*4 {
		return "" // at most four bytes for each character
	}
	at := strings.LastIndexByte(name, '@') + 1
	domain, err := idna.Lookup.ToASCII(name[at:])
	if err != nil || domain == "" || strings.EqualFold(domain, name[at:]) {
		return ""
	}
	// In an address the domain counts to the letter, and ToASCII has lowered it.
	// That is the only form: Punycode is generated in lower case.
	id, err := Parse(name[:at] + domain)
	if err != nil {
		return ""
	}
	return id.Name
}
