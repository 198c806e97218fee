package policy

import (
	"regexp"
	"strings"
	"sync"

	"sespolicy/shared/finding"
	"sespolicy/shared/identity"
)

// doubt is the reason for a warning of a principal. The zero value is none.
type doubt struct{ rule, message, suggestion string }

func unknown(message string) doubt { return doubt{rule: RuleUnknownPrincipal, message: message} }

// placeholder is the doubt about a principal that names nobody, because something
// was to be filled in.
func placeholder(text string) doubt {
	if !Placeholder(text) && strings.Contains(text, "${") {
		return doubt{rule: RulePlaceholder, message: finding.Quote(text) + " is a policy variable: it stands for nothing in a principal"}
	}
	return doubt{rule: RulePlaceholder, message: finding.Quote(text) + " is a placeholder: nothing was filled in, and it names nobody"}
}

// awsDoubt says why a principal of the kind AWS can be none. Accounts, users,
// roles, role sessions, federated users and the ids of deleted principals can be
// one (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html).
// The partition is the identity's, "" if it is not known. Whether a principal
// exists is not asked.
func awsDoubt(text, partition string) doubt {
	if trimmed := strings.TrimSpace(text); trimmed != text && trimmed != "" {
		d := awsDoubt(trimmed, partition)
		if d == (doubt{}) {
			d = unknown("the principal " + finding.Quote(text) + " has white space around it")
			d.suggestion = trimmed
		}
		return d
	}
	if identity.IsARN(text) {
		return arnDoubt(text, partition)
	}
	return idDoubt(text)
}

// uniqueID is the id that services show in place of a principal that was deleted
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids).
var uniqueID = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^A[A-Z0-9]{15,127}$`)
})

// uniquePrefixes begin the unique ids of what is no principal.
var uniquePrefixes = map[string]string{
	"AGPA": "a group", "AIPA": "an instance profile", "ANPA": "a managed policy", "ANVA": "a version of a managed policy",
	"APKA": "a public key", "ASCA": "a certificate", "AKIA": "an access key", "ASIA": "a temporary access key",
}

var organizationID = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(o-[a-z0-9]{10,32}|ou-[a-z0-9]{4,32}-[a-z0-9]{8,32}|r-[a-z0-9]{4,32})$`)
})

// idDoubt is [awsDoubt] for a text that is no ARN.
func idDoubt(text string) doubt {
	account, isAccount := accountOf(text)
	kind, _, hasName := strings.Cut(text, "/")
	switch {
	case isAccount:
		return doubt{}
	case uniqueID().MatchString(text):
		if what := uniquePrefixes[text[:4]]; what != "" {
			return unknown(finding.Quote(text) + " is the id of " + what + ", expected an account, a user or a role")
		}
		return doubt{}
	case account.meant != "" || allDigits(text) || rounded().MatchString(text):
		return doubt{RuleUnknownPrincipal, account.message, account.meant}
	case serviceDoubt(text) == (doubt{}):
		return unknown(finding.Quote(text) + ` is a service, expected it under "Service"`)
	case Placeholder(text) || strings.Contains(text, "${"):
		return placeholder(text)
	case organizationID().MatchString(text):
		return unknown(finding.Quote(text) + ` is part of an organization, which is not a principal: name "*" with a condition on aws:PrincipalOrgID or aws:PrincipalOrgPaths`)
	case text == "root" || hasName && (kind == "user" || kind == "role" || kind == "assumed-role"):
		return unknown(finding.Quote(text) + " is the end of an ARN, expected the whole of it, like arn:aws:iam::111122223333:" + text)
	default:
		return unknown(finding.Quote(text) + " looks like no AWS principal, expected an account id of 12 digits or an ARN")
	}
}

// arnDoubt is [awsDoubt] for an ARN.
func arnDoubt(text, partition string) doubt {
	f := arnFields(text)
	if f == nil {
		return unknown(finding.Quote(text) + " is cut short, expected an ARN like arn:aws:iam::111122223333:role/NAME")
	}
	account, isAccount := accountOf(f[4])
	cloudFront := f[2] == "iam" && f[4] == "cloudfront" // an origin access identity, a user of CloudFront's own
	name := f[5][strings.LastIndexByte(f[5], '/')+1:]
	for _, field := range []string{f[1], f[2], f[3], name} {
		if hasBrackets(field) || strings.Contains(field, "${") {
			return placeholder(field)
		}
	}
	switch {
	case Placeholder(f[4]) && account.meant == "" || strings.Contains(f[4], "${"):
		return placeholder(f[4])
	case f[0] != "arn" || f[2] != strings.ToLower(f[2]) || !strings.HasPrefix(f[1], "aws"):
		return unknown(finding.Quote(text) + " is no ARN of a principal, expected one like arn:aws:iam::111122223333:role/NAME")
	case f[2] != "iam" && f[2] != "sts":
		return unknown(finding.Quote(text) + " is of the service " + f[2] + ", only accounts, users and roles of iam and sts are principals: for what a service does on behalf of a resource, name the service, and the resource in a condition on aws:SourceArn")
	case cloudFront:
		return doubt{}
	}
	if d := resourceDoubt(f, isAccount); d != (doubt{}) {
		return d
	}
	switch {
	case f[3] != "":
		d := unknown(finding.Quote(text) + " has the Region " + finding.Quote(f[3]) + ", the ARNs of iam and sts have none")
		if isAccount {
			d.suggestion = join(f, 3, "")
		}
		return d
	case !isAccount && f[4] != "aws":
		d := unknown("in " + finding.Quote(text) + ": " + account.message)
		if account.meant != "" {
			d.suggestion = join(f, 4, account.meant)
		}
		return d
	case partition != "" && f[1] != partition:
		return unknown(finding.Quote(text) + " is in the partition " + f[1] + ", the identity is in " + partition + ": a principal can act in its own partition only")
	}
	return doubt{}
}

// join returns the ARN of the fields with one of them replaced.
func join(fields []string, index int, with string) string {
	replaced := append([]string(nil), fields...)
	replaced[index] = with
	return strings.Join(replaced, ":")
}
