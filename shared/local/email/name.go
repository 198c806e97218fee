package email

import (
	"regexp"
	"strings"

	"sespolicy/shared/local/wire"
)

// maxName is the documented length of a policy name, in characters.
const maxName = 64

var (
	nameCharacters = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)
	// domain is what can be one at all: dotted labels, no spaces. SES takes
	// internationalized domains only in their ASCII form.
	domain = regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?)+$`)
)

// checkName refuses what cannot name a policy.
func checkName(name string) error {
	switch {
	case name == "":
		return violated("policyName", "Member must have length greater than or equal to 1")
	case len([]rune(name)) > maxName:
		return violated("policyName", "Member must have length less than or equal to 64")
	case !nameCharacters.MatchString(name):
		return invalidParameter("PolicyName is invalid. Policy names must only include alpha-numeric characters, dashes, and underscores.")
	}
	return nil
}

// canonical is the one form of an identity given by name or ARN: a domain is
// lower-case, an address stays as it is written, for SES keeps
// a@EXAMPLE.com and a@example.com apart. An ARN must be of this account and
// Region.
func (s *Server) canonical(identity string) (string, error) {
	name := identity
	if strings.HasPrefix(identity, "arn:") {
		own := strings.Join([]string{"arn:aws:ses", s.config.Region, s.config.Account, "identity/"}, ":")
		var ours bool
		if name, ours = strings.CutPrefix(identity, own); !ours {
			return "", invalidParameter("Invalid identity ARN: " + identity)
		}
	}
	at := strings.LastIndexByte(name, '@')
	if at == 0 || at > 0 && strings.ContainsAny(name[:at], " \t\r\n") {
		return "", invalidParameter("Invalid email address " + name + ".")
	}
	if host := name[at+1:]; !domain.MatchString(host) {
		return "", invalidParameter("Invalid domain name " + host + ".")
	}
	if at > 0 {
		return name, nil
	}
	return strings.ToLower(name), nil
}

func invalidPolicy(message string) error { return wire.Errorf("InvalidPolicy", "%s", message) }

func invalidParameter(message string) error {
	return wire.Errorf("InvalidParameterValue", "%s", message)
}

// violated is the refusal of a length, in the words of the service's front end.
func violated(member, constraint string) error {
	return wire.Errorf("ValidationError", "1 validation error detected: Value at '%s' failed to satisfy constraint: %s", member, constraint)
}
