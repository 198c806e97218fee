// Package identity reads the names of SES identities: an email address, a
// domain, or the ARN of either, as PutIdentityPolicy takes them
// (https://docs.aws.amazon.com/ses/latest/APIReference/API_PutIdentityPolicy.html).
//
// It gives each identity one canonical name to use as a key, and compares an
// identity with patterns and with the Resource of a policy. A domain has one
// name in any case: example.com, EXAMPLE.com and their ARNs are one identity.
// An address counts to the letter, its domain part too: SES keeps a@EXAMPLE.com
// and a@example.com apart
// (https://docs.aws.amazon.com/ses/latest/dg/creating-identities.html).
//
// It does not know whether an identity exists or is verified: only SES does.
package identity

import (
	"errors"
	"fmt"
	"strings"

	"sespolicy/shared/finding"
)

// MaxLength is the maximum length of a name, in characters: the longest email
// address that SES takes (https://docs.aws.amazon.com/ses/latest/dg/quotas.html),
// which is also the longest that SMTP can carry (RFC 5321: 64 + "@" + 255).
const MaxLength = 320

// Identity is an SES identity. The zero value is no identity.
type Identity struct {
	// Name is the address as written, or the domain in lower case.
	Name string
	// Partition, Region and Account say where the identity lives. All three are
	// empty if the identity was given by its name.
	Partition, Region, Account string
}

// Parse reads an identity as a requester names it. The error says what was
// wrong and what was expected.
//
// It refuses only what cannot be an SES identity. Everything else is left to
// SES: a domain of one label, an underscore, a quoted local part.
func Parse(text string) (Identity, error) {
	if IsARN(text) {
		return parseARN(text)
	}
	name, err := canonical(text)
	return Identity{Name: name}, err
}

// Key is the same for all spellings of the identity and different for any other
// identity in the same account and Region.
func (id Identity) Key() string { return id.Name }

// IsAddress reports whether the identity is an email address, not a domain.
func (id Identity) IsAddress() bool { return isAddress(id.Name) }

// isAddress reports whether a name, or a pattern over names, is one of
// addresses: a domain has no @.
func isAddress(name string) bool { return strings.Contains(name, "@") }

// String returns the identity as it was given, in its canonical form.
func (id Identity) String() string {
	if id.Partition == "" {
		return id.Name
	}
	return id.ARN()
}

// canonical checks a name and lowers the case of a domain.
func canonical(name string) (string, error) {
	at := strings.LastIndexByte(name, '@')
	switch {
	case name == "":
		return "", errors.New("the identity is empty, expected an email address, a domain or the ARN of an identity")
	case len(name) > MaxLength:
		return "", fmt.Errorf("the identity has %d characters, an email address has at most %d", len(name), MaxLength)
	case at == 0:
		return "", fmt.Errorf("%s has nothing before the @, expected a whole address, or the domain without the @", finding.Quote(name))
	}
	if err := checkCharacters(name, at); err != nil {
		return "", err
	}
	if err := checkDomain(name[at+1:]); err != nil {
		return "", fmt.Errorf("%s is no identity: %w", finding.Quote(name), err)
	}
	return fold(name), nil
}

// checkCharacters refuses what is not printable ASCII. SES takes 7-bit ASCII
// only and asks for Punycode in domains
// (https://docs.aws.amazon.com/ses/latest/APIReference/API_SendEmail.html,
// Source), which also excludes look-alikes from other alphabets. A local part
// in quotes may have spaces (RFC 5321, section 4.1.2). at is the index of the
// last @.
func checkCharacters(name string, at int) error {
	quoted := at > 1 && name[0] == '"' && name[at-1] == '"'
	for i, r := range name {
		switch {
		case r > 0x7e && i > at:
			return notASCII(name, r)
		case r > 0x7e:
			return fmt.Errorf("%+q has a character outside ASCII before the @ (%U), SES takes none there", name, r)
		case r == ' ' && quoted && i < at:
		case r <= ' ':
			return fmt.Errorf("%s has a space or control character, expected the bare address or domain", finding.Quote(name))
		}
	}
	return nil
}

// notASCII is the error for a domain with characters outside ASCII.
func notASCII(name string, r rune) error {
	err := fmt.Sprintf("%+q has a character outside ASCII (%U), SES takes the domain in Punycode", name, r)
	if ascii := Punycode(name); ascii != "" {
		err += ": " + ascii
	} else {
		err += " (xn--…)"
	}
	return errors.New(err)
}

// checkDomain refuses what cannot be a domain name (RFC 1035, and underscores
// are allowed). It also refuses a trailing dot: SES answers InvalidParameterValue
// "Invalid domain name" to one.
func checkDomain(domain string) error {
	if domain == "" {
		return errors.New("the domain after the @ is missing")
	}
	if strings.HasPrefix(domain, ".") || strings.HasSuffix(domain, ".") || strings.Contains(domain, "..") {
		return errors.New("its domain has an empty label (one dot too many)")
	}
	for i := range len(domain) {
		if c := domain[i]; !isDomain(c) {
			return fmt.Errorf("its domain has a %q, expected only letters, digits, hyphens and dots", c)
		}
	}
	return nil
}

func isDomain(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '.' || c == '_'
}

// fold lowers the case of a domain, or of a pattern over domains. An address, or
// a pattern over addresses, stays as it is.
func fold(name string) string {
	if isAddress(name) {
		return name
	}
	return strings.ToLower(name)
}
