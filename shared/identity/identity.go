// Package identity reads the names of SES identities: an email address, a
// domain, or the ARN of either, as PutIdentityPolicy takes them
// (https://docs.aws.amazon.com/ses/latest/APIReference/API_PutIdentityPolicy.html).
//
// It gives each identity one canonical name, so that example.com, EXAMPLE.com
// and its ARN are one identity wherever a key is needed, and it says how the
// Resource of a policy stands to an identity.
//
// It does not know whether an identity exists or is verified: SES answers that.
package identity

import (
	"errors"
	"fmt"
	"strings"

	"sespolicy/shared/finding"
)

// MaxLength is the longest name, in characters: the longest email address that
// SES takes (https://docs.aws.amazon.com/ses/latest/dg/quotas.html), which is
// also the longest that SMTP can carry (RFC 5321: 64 + "@" + 255).
const MaxLength = 320

// Identity is an SES identity. The zero value is none.
type Identity struct {
	// Name is the address or domain, its domain in lower case. The local part
	// stays as written: SES tells addresses apart by its case.
	Name string
	// Partition, Region and Account are where it lives; all three are empty
	// when the identity was given by its name.
	Partition, Region, Account string
}

// Parse reads an identity as a requester names it. The error says what was
// wrong and what was expected.
//
// It refuses only what can be no identity of SES; anything else is left for SES
// to answer (a domain of one label, an underscore, a quoted local part).
func Parse(text string) (Identity, error) {
	if IsARN(text) {
		return parseARN(text)
	}
	name, err := canonical(text)
	return Identity{Name: name}, err
}

// Key is one key for all spellings of the identity.
func (id Identity) Key() string { return id.Name }

// String is the identity as it was given, in its canonical form.
func (id Identity) String() string {
	if id.Partition == "" {
		return id.Name
	}
	return id.ARN()
}

// ARN is the identity's ARN; meaningful only when the identity knows where it lives.
func (id Identity) ARN() string {
	return "arn:" + id.Partition + ":ses:" + id.Region + ":" + id.Account + ":identity/" + id.Name
}

// canonical checks a name and lowers the case of its domain.
func canonical(name string) (string, error) {
	at := strings.LastIndexByte(name, '@')
	switch {
	case name == "":
		return "", errors.New("it is empty, an email address, a domain or the ARN of an identity was expected")
	case len(name) > MaxLength:
		return "", fmt.Errorf("it has %d characters, an email address has at most %d", len(name), MaxLength)
	case at == 0:
		return "", fmt.Errorf("%s has nothing before the @, write the domain without it or a whole address", finding.Quote(name))
	}
	for _, r := range name {
		if r > 0x7e {
			// SES takes 7-bit ASCII only and asks for Punycode in domains:
			// https://docs.aws.amazon.com/ses/latest/APIReference/API_SendEmail.html (Source).
			// It also keeps look-alikes of other alphabets out.
			return "", fmt.Errorf("%+q has a character outside ASCII (%U): write the domain in Punycode (xn--…), a local part can have none", name, r)
		}
		if r <= ' ' {
			return "", fmt.Errorf("%s has a space or control character: write the bare address or domain", finding.Quote(name))
		}
	}
	if err := checkDomain(name[at+1:]); err != nil {
		return "", fmt.Errorf("%s is no identity: %w", finding.Quote(name), err)
	}
	return foldDomain(name), nil
}

// checkDomain refuses what can be no domain name (RFC 1035; underscores are let
// through). A final dot too: SES answers InvalidParameterValue "Invalid domain
// name" to it.
func checkDomain(domain string) error {
	if domain == "" {
		return errors.New("the domain after the @ is missing")
	}
	if strings.HasPrefix(domain, ".") || strings.HasSuffix(domain, ".") || strings.Contains(domain, "..") {
		return errors.New("its domain has an empty label (a dot too many)")
	}
	for i := range len(domain) {
		if c := domain[i]; !isDomain(c) {
			return fmt.Errorf("its domain has a %q, only letters, digits, hyphens and dots were expected", c)
		}
	}
	return nil
}

func isDomain(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '.' || c == '_'
}
