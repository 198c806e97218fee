package guardrail

import (
	"maps"
	"strings"

	"sespolicy/shared/document"
	"sespolicy/shared/policy"
)

// narrow are the values of those conditions that say who "*" is: all of a
// statement's conditions have to hold, so one is enough.
//
// The keys are those that a caller cannot choose and that name accounts,
// organizations or principals (compare "The meaning of public" in
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html).
// What narrows from where, when or to whom mail is sent (aws:SourceIp,
// aws:CurrentTime, ses:Recipients) narrows nobody; tags of principals anybody
// can give to their own.
func narrow(condition document.Node) []document.Node {
	if !condition.IsObject() || condition.Name() != "Condition" {
		return nil // one that is misspelt may not count
	}
	var narrowing []document.Node
	for _, keys := range once(condition, isOperator) {
		o := policy.ParseOperator(keys.Name())
		if keys.Name() != o.String() {
			continue // whether SES knows it in another case is not documented
		}
		for key, values := range once(keys, isNarrowing) {
			if allFit(o, values, narrowingKeys[key]) {
				narrowing = append(narrowing, values)
			}
		}
	}
	return narrowing
}

// once are the members of known names, by their names in lower case, but for
// those that the object has again in another case: which of them counts, only
// SES knows.
func once(object document.Node, known func(string) bool) map[string]document.Node {
	members := map[string]document.Node{}
	for name, m := range object.Members() {
		lower := strings.ToLower(name)
		if !known(lower) {
			continue
		}
		if _, again := members[lower]; again {
			m = document.Node{}
		}
		members[lower] = m
	}
	maps.DeleteFunc(members, func(_ string, m document.Node) bool { return !m.Exists() })
	return members
}

func isOperator(name string) bool { return isPositive(policy.ParseOperator(name)) }

func isNarrowing(key string) bool { return narrowingKeys[key] != nil }

// isPositive reports whether an operator holds only when the request has the
// key, and with a value that was named. IfExists and ForAllValues hold without
// the key too.
func isPositive(o policy.Operator) bool {
	switch o.Name {
	case "StringEquals", "StringEqualsIgnoreCase", "StringLike", "ArnEquals", "ArnLike":
		return !o.IfExists && o.Set != "ForAllValues"
	default:
		return false
	}
}

// narrowingKeys are the condition keys that say who, in lower case since IAM
// ignores it, each with what its values must be to do so.
var narrowingKeys = map[string]func(policy.Operator, string) bool{
	"aws:principalaccount":  fixed,
	"aws:principalarn":      fixedARN,
	"aws:principalorgid":    fixed,
	"aws:principalorgpaths": fixedOrganization,
	"aws:sourceaccount":     fixed,
	"aws:sourcearn":         fixedARN,
	"aws:sourceorgid":       fixed,
	"aws:sourceorgpaths":    fixedOrganization,
	"aws:sourceowner":       fixed,
}

// allFit reports whether there is a value and all of them narrow: one that does
// not undoes the others.
func allFit(o policy.Operator, values document.Node, fits func(policy.Operator, string) bool) bool {
	some := false
	for v := range policy.Values(values) {
		// A policy variable, such as the key itself, can make the comparison hold always.
		if v.IsArray() || v.IsObject() || v.Text() == "" || strings.Contains(v.Text(), "${") || !fits(o, v.Text()) {
			return false
		}
		some = true
	}
	return some
}

// fixed takes no wildcards at all: "there are no valid use cases" for them in
// account and organization ids
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-sensitive).
func fixed(_ policy.Operator, value string) bool { return !strings.ContainsAny(value, "*?") }

// fixedARN takes an ARN, or a pattern over those of one account. The Arn
// operators compare the fields of an ARN one by one; for StringLike a * runs
// over colons, and the path of a role may have colons, so there no wildcard may
// stand before the account.
func fixedARN(o policy.Operator, value string) bool {
	if !strings.ContainsAny(value, "*?") || accountIsFixed(value) {
		return true
	}
	fields := strings.SplitN(value, ":", 6)
	return strings.HasPrefix(o.Name, "Arn") && len(fields) == 6 && accountIsFixed("arn:aws:x::"+fields[4]+":")
}

// fixedOrganization takes a path in one organization: no wildcard in its id,
// which stands before the first slash.
func fixedOrganization(_ policy.Operator, value string) bool {
	organization, _, _ := strings.Cut(value, "/")
	return organization != "" && !strings.ContainsAny(organization, "*?")
}
