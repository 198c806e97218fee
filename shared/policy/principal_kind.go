package policy

import (
	"strings"

	"sespolicy/shared/finding"
	"sespolicy/shared/identity"
)

// noPrincipals are the resources of IAM that are no principals, and what to
// name instead.
var noPrincipals = map[string]string{
	"group":              "a group is not a principal, expected its users or a role",
	"policy":             "a managed policy is not a principal, expected an account, a user or a role",
	"instance-profile":   "an instance profile is not a principal, expected the role in it",
	"server-certificate": "a certificate is not a principal, expected an account, a user or a role",
	"mfa":                "an MFA device is not a principal, expected its user",
	"sms-mfa":            "an MFA device is not a principal, expected its user",
	"u2f":                "a security key is not a principal, expected its user",
	"saml-provider":      `an identity provider is a principal of the kind "Federated"`,
	"oidc-provider":      `an identity provider is a principal of the kind "Federated"`,
}

// isEntityName reports whether text is the name of a user or role
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html).
func isEntityName(text string) bool {
	return identity.Only(text, identity.Letters+identity.Digits+"_+=,.@-")
}

// resourceDoubt says why the last field of an ARN of iam or sts names no
// principal. certain is whether the other fields are right, so that a whole ARN
// can be suggested.
func resourceDoubt(f []string, certain bool) doubt {
	quoted := func() string { return finding.Quote(strings.Join(f, ":")) }
	suggest := func(message string, service, resource string) doubt {
		d := unknown(message)
		if fixed := append(append([]string(nil), f[:2]...), service, f[3], f[4], resource); certain {
			d.suggestion = strings.Join(fixed, ":")
		}
		return d
	}
	kind, name, hasName := strings.Cut(f[5], "/")
	last := name[strings.LastIndexByte(name, '/')+1:]
	role, session, hasSession := strings.Cut(name, "/")
	iam := f[2] == "iam"
	switch {
	case noPrincipals[kind] != "":
		return unknown(quoted() + " names no principal: " + noPrincipals[kind])
	case f[5] == "root" && iam:
		return doubt{}
	case (kind == "user" || kind == "role") && hasName && iam:
		if !isEntityName(last) {
			return unknown(quoted() + " has the name " + finding.Quote(last) + ", the name of a " + kind + " has only letters, digits and +=,.@_-")
		}
		return doubt{}
	case kind == "assumed-role" && !iam && hasName:
		if role == "" || !hasSession || session == "" {
			return unknown(quoted() + " names no session, expected assumed-role/ROLE/SESSION, or for all sessions the role itself, arn:" + f[1] + ":iam::" + f[4] + ":role/…")
		}
		return doubt{}
	case kind == "federated-user" && !iam && name != "":
		return doubt{}
	case hasName && !iam && (kind == "user" || kind == "role") || f[5] == "root":
		return suggest(quoted()+" is of sts, expected iam for accounts, users and roles", "iam", f[5])
	case hasName && iam && (kind == "assumed-role" || kind == "federated-user"):
		return suggest(quoted()+" is of iam, expected sts for a session", "sts", f[5])
	case iam && (kind == "service-role" || kind == "aws-service-role") && name != "":
		return suggest(quoted()+" has the path of a role and not the kind", "iam", "role/"+f[5])
	}
	return misspeltKind(f, quoted(), suggest)
}

// misspeltKind is [resourceDoubt] for what is none of the kinds of principals.
func misspeltKind(f []string, quoted string, suggest func(message, service, resource string) doubt) doubt {
	kind, name, hasName := strings.Cut(f[5], "/")
	if !hasName { // user:NAME for user/NAME
		kind, name, hasName = strings.Cut(f[5], ":")
	}
	expected := quoted + " names no principal, expected root, user/NAME or role/NAME"
	kinds := []string{"root", "user", "role"}
	if f[2] == "sts" {
		expected = quoted + " names no principal, expected assumed-role/ROLE/SESSION or federated-user/NAME"
		kinds = []string{"assumed-role", "federated-user"}
	}
	meant, near := finding.Nearest(kind, kinds)
	switch {
	case !near || meant == "root" && name != "" || meant != "root" && name == "":
		return unknown(expected)
	case hasName && meant != "root":
		meant += "/" + name
	}
	return suggest(expected+": "+meant+" may be meant", f[2], meant)
}
