package policy

import (
	"strings"

	"sespolicy/shared/document"
	"sespolicy/shared/identity"
)

// Answer is how far the conditions of a statement say who a call is made by, or
// for whom a service makes it.
type Answer int

const (
	// Open: no condition says it, anybody meets the conditions.
	Open Answer = iota
	// Unclear: a condition may say it, depending on how SES reads it, or no call
	// at all meets it. A warning stays silent, a guardrail refuses.
	Unclear
	// Fixed: at least one condition names accounts, organizations or resources.
	Fixed
)

// Narrowing is the answer to that question, and what the conditions say.
type Narrowing struct {
	Answer Answer
	// Conditions are the parties that each narrowing condition names. All
	// conditions of a statement have to hold, so each list by itself limits the
	// statement to the parties in it.
	Conditions [][]Party
}

// Party is who one value of a narrowing condition stands for.
type Party struct {
	Value        string // as written
	Account      string // 12 digits; empty if the value names no account
	Organization string // empty if the value names no organization
	Owner        bool   // the account that owns the identity: ${aws:ResourceAccount}
}

// SourceOf says for whom a service that meets the conditions acts: only the
// condition keys that say on whose behalf a service calls count
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html).
//
// A condition narrows if its operator holds only when the request has the key,
// with a value that was named, and no value has a wildcard where the account or
// the organization stands. Negated operators, Null, IfExists and ForAllValues do
// not narrow. Of the policy variables only ${aws:ResourceAccount} and
// ${aws:ResourceOrgID}, the owner's, do.
func SourceOf(condition document.Node) Narrowing { return narrowing(condition, sourceForms) }

// CallerOf is [SourceOf] for everybody, services included: the keys that name
// the calling principal count as well.
func CallerOf(condition document.Node) Narrowing { return narrowing(condition, callerForms) }

// form is what the values of a condition key look like.
type form int

const (
	formAccount form = iota + 1
	formARN
	formOrganization
	formPath // of an organization: o-…/r-…/ou-…/
)

// sourceForms are the condition keys that a service's call has, in lower case:
// IAM ignores the case of keys.
var sourceForms = map[string]form{
	"aws:sourceaccount":  formAccount,
	"aws:sourcearn":      formARN,
	"aws:sourceorgid":    formOrganization,
	"aws:sourceorgpaths": formPath,
	"aws:sourceowner":    formAccount,
}

// callerForms are the condition keys that the caller cannot choose and that name
// accounts, organizations or principals (compare "The meaning of public" in
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html).
// From where, when and to whom mail is sent (aws:SourceIp, aws:CurrentTime,
// ses:Recipients) narrows nobody; anybody can give a tag to their principals.
var callerForms = map[string]form{
	"aws:sourceaccount":     formAccount,
	"aws:sourcearn":         formARN,
	"aws:sourceorgid":       formOrganization,
	"aws:sourceorgpaths":    formPath,
	"aws:sourceowner":       formAccount,
	"aws:principalaccount":  formAccount,
	"aws:principalarn":      formARN,
	"aws:principalorgid":    formOrganization,
	"aws:principalorgpaths": formPath,
}

func narrowing(condition document.Node, forms map[string]form) Narrowing {
	var all Narrowing
	if !condition.IsObject() {
		return all
	}
	certain := condition.Name() == "Condition" // one that is misspelt may not count
	present := presentKeys(condition, forms)
	for _, keys := range byLowerName(condition) {
		o := ParseOperator(keys.at.Name())
		// Whether SES knows an operator in another case is not documented.
		known := certain && !keys.again && keys.at.Name() == o.String()
		for key, values := range byLowerName(keys.at) {
			if forms[key] == 0 {
				continue
			}
			answer, parties := o.narrows(values.at, forms[key], present[key])
			if answer == Fixed && known && !values.again {
				all.Conditions = append(all.Conditions, parties)
			} else {
				answer = min(answer, Unclear)
			}
			all.Answer = max(all.Answer, answer)
		}
	}
	return all
}

// occurrence is a member of an object by its name in lower case.
type occurrence struct {
	at    document.Node
	again bool // the object has another one: which of them counts, only SES knows
}

func byLowerName(object document.Node) map[string]occurrence {
	members := map[string]occurrence{}
	for name, m := range object.Members() {
		lower := strings.ToLower(name)
		_, again := members[lower]
		members[lower] = occurrence{m, again}
	}
	return members
}

// presentKeys are the keys that a condition requires to be there: Null, false.
func presentKeys(condition document.Node, forms map[string]form) map[string]bool {
	present := map[string]bool{}
	for c := range Conditions(condition) {
		key := strings.ToLower(c.Key)
		if c.Operator.Name != "Null" || forms[key] == 0 {
			continue
		}
		for v := range Values(c.Values) {
			if strings.EqualFold(v.Text(), "false") {
				present[key] = true
			}
		}
	}
	return present
}

// narrows says whether a comparison with the values of a key narrows, and to
// whom. One value that does not narrow is enough to let its callers in. present
// says that another condition requires the key to be there.
func (o Operator) narrows(values document.Node, f form, present bool) (Answer, []Party) {
	answer, parties := Fixed, []Party{}
	switch o.Name {
	case "StringEquals", "StringEqualsIgnoreCase", "StringLike", "ArnEquals", "ArnLike":
	case "", "NumericEquals":
		answer = Unclear
	default:
		return Open, nil
	}
	if o.IfExists || o.Set == forAllValues { // they hold without the key too
		if !present {
			return Open, nil
		}
		answer = Unclear
	}
	for v := range Values(values) {
		one, party := Unclear, Party{}
		if v.IsString() || isScalar(v) {
			one, party = o.party(v.Text(), f)
		}
		answer, parties = min(answer, one), append(parties, party)
	}
	if len(parties) == 0 {
		return Unclear, nil // nothing meets it
	}
	return answer, parties
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
