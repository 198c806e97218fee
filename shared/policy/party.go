package policy

import (
	"strings"

	"sespolicy/shared/identity"
)

// Party is who one value of a narrowing condition stands for.
type Party struct {
	Value        string // as written
	Account      string // 12 digits; empty if the value names no account
	Organization string // empty if the value names no organization
	Owner        bool   // the account that owns the identity: ${aws:ResourceAccount}
}

// The policy variables that stand for the owner of the identity
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html).
const (
	ownerAccount      = "${aws:ResourceAccount}"
	ownerOrganization = "${aws:ResourceOrgID}"
)

// party says who a value stands for.
func (o Operator) party(value string, f form) (Answer, Party) {
	party := Party{Value: value}
	text := value
	switch f {
	case formAccount:
		party.Owner = value == ownerAccount
	case formARN:
		if before, after, ok := strings.Cut(value, ":"+ownerAccount+":"); ok && strings.Count(before, ":") == 3 {
			party.Owner, text = true, before+":000000000000:"+after
		}
	case formOrganization, formPath:
		organization, path, _ := strings.Cut(value, "/")
		if organization == ownerOrganization && !strings.Contains(path, "${") {
			return Fixed, party
		}
	}
	switch {
	case text == "":
		return Unclear, Party{}
	case f == formAccount && party.Owner:
		return Fixed, party
	case strings.Contains(text, "${"):
		return unknownVariable(text), Party{}
	}
	var answer Answer
	switch f {
	case formARN:
		var account string
		if answer, account = o.arn(text); !party.Owner {
			party.Account = account
		}
	case formPath:
		party.Organization, _, _ = strings.Cut(text, "/")
		answer = o.fixed(party.Organization)
	case formOrganization:
		party.Organization, answer = text, o.fixed(text)
	default:
		answer = o.fixed(text)
		if identity.IsAccount(text) {
			party.Account = text
		}
	}
	return answer, party
}

// unknownVariable is the answer for a value with another policy variable. The
// caller's own, such as the key itself, can make a comparison hold always. One
// of the owner's that is written in another way, and an escaped wildcard, may be
// as good as a fixed value.
func unknownVariable(text string) Answer {
	lower := strings.ToLower(text)
	for _, doubtful := range []string{"resourceaccount", "resourceorg", "${*}", "${?}", "${$}"} {
		if strings.Contains(lower, doubtful) {
			return Unclear
		}
	}
	return Open
}

// hasPatterns reports whether the operator takes * and ? as wildcards. ArnEquals
// and ArnLike behave alike.
func (o Operator) hasPatterns() bool {
	return o.Name == "StringLike" || strings.HasPrefix(o.Name, "Arn")
}

// fixed is the answer for an account or an organization, which takes no
// wildcards: "there are no valid use cases" for them
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-sensitive).
func (o Operator) fixed(text string) Answer {
	switch {
	case text == "":
		return Unclear
	case !strings.ContainsAny(text, "*?"):
		return Fixed
	case o.hasPatterns():
		return Open
	default:
		return Unclear // nothing has a wildcard in its name
	}
}

// arn is the answer for an ARN, or a pattern over ARNs, and the account in it.
// The Arn operators compare the fields of an ARN one by one. For StringLike a *
// also matches colons, which the last field of an ARN may contain, so there no
// wildcard may stand before the account.
func (o Operator) arn(text string) (Answer, string) {
	fields := strings.SplitN(text, ":", 6)
	isARN := len(fields) == 6 && fields[0] == "arn"
	account := ""
	if isARN && identity.IsAccount(fields[4]) {
		account = fields[4]
	}
	wild := func(text string) bool { return strings.ContainsAny(text, "*?") }
	switch {
	case !wild(text):
		return Fixed, account
	case account != "" && (strings.HasPrefix(o.Name, "Arn") || !wild(strings.Join(fields[:4], ""))):
		return Fixed, account
	case !o.hasPatterns(), account != "":
		return Unclear, ""
	case isARN && (wild(fields[4]) && wild(fields[5]) || OnlyWildcards(fields[5])):
		return Open, ""
	case !isARN && !hasAccount(text):
		return Open, ""
	default:
		return Unclear, ""
	}
}

// hasAccount reports whether 12 digits in a row stand in the text.
func hasAccount(text string) bool {
	digits := 0
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			digits = 0
		} else if digits++; digits == 12 {
			return true
		}
	}
	return false
}
