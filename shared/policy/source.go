package policy

import (
	"maps"
	"strings"

	"sespolicy/shared/document"
)

// Answer is how far the conditions of a statement say who a call is made by, or
// for whom a service makes it.
type Answer int

const (
	// Open means that no condition says it: anybody meets the conditions.
	Open Answer = iota
	// Unclear means that a condition may say it, depending on how SES reads it, or no call
	// at all meets it. A warning stays silent, a guardrail refuses.
	Unclear
	// Fixed means that at least one condition names accounts, organizations or resources.
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

// callerForms are these and the condition keys that the caller cannot choose and
// that name accounts, organizations or principals (compare "The meaning of
// public" in
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html).
// From where, when and to whom mail is sent (aws:SourceIp, aws:CurrentTime,
// ses:Recipients) narrows nobody; anybody can give a tag to their principals.
var callerForms = with(sourceForms, map[string]form{
	"aws:principalaccount":  formAccount,
	"aws:principalarn":      formARN,
	"aws:principalorgid":    formOrganization,
	"aws:principalorgpaths": formPath,
})

func with(forms, more map[string]form) map[string]form {
	maps.Copy(more, forms)
	return more
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
