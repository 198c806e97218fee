package email

import (
	"regexp"
	"strings"
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
func checkName(name string) *refusal {
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
// lower-case, an address keeps its local part as written. An ARN must be of
// this account and Region.
func (s *Server) canonical(identity string) (string, *refusal) {
	name := identity
	if strings.HasPrefix(identity, "arn:") {
		own := strings.Join([]string{"arn", s.config.Partition, "ses", s.config.Region, s.config.Account, "identity/"}, ":")
		var ours bool
		if name, ours = strings.CutPrefix(identity, own); !ours {
			return "", invalidParameter("Invalid identity ARN: " + identity)
		}
	}
	local, host := "", name
	if at := strings.LastIndexByte(name, '@'); at >= 0 {
		local, host = name[:at+1], name[at+1:]
		if at == 0 || strings.ContainsAny(local, " \t\r\n") {
			return "", invalidParameter("Invalid email address " + name + ".")
		}
	}
	if !domain.MatchString(host) {
		return "", invalidParameter("Invalid domain name " + host + ".")
	}
	return local + strings.ToLower(host), nil
}
