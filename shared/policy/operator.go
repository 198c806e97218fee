package policy

import (
	"slices"
	"strings"

	"sespolicy/shared/document"
	"sespolicy/shared/finding"
)

// knownOperators are the condition operators
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html).
var knownOperators = []string{
	"StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase", "StringLike", "StringNotLike",
	"NumericEquals", "NumericNotEquals", "NumericLessThan", "NumericLessThanEquals", "NumericGreaterThan", "NumericGreaterThanEquals",
	"DateEquals", "DateNotEquals", "DateLessThan", "DateLessThanEquals", "DateGreaterThan", "DateGreaterThanEquals",
	"Bool", "BinaryEquals", "IpAddress", "NotIpAddress",
	"ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike", "Null",
}

// Operator is a parsed condition operator.
type Operator struct {
	Set      string // ForAllValues, ForAnyValue or ""
	Name     string // as IAM writes it, for example StringEquals; "" if IAM does not have it
	IfExists bool   // the condition holds if the request does not have the key
}

// String returns the operator as IAM writes it.
func (o Operator) String() string {
	text := o.Name
	if o.Set != "" {
		text = o.Set + ":" + text
	}
	if o.IfExists {
		text += "IfExists"
	}
	return text
}

const (
	forAllValues = "ForAllValues"
	forAnyValue  = "ForAnyValue"
	ifExists     = "IfExists"
)

// ParseOperator parses an operator, in any case.
func ParseOperator(text string) Operator {
	var o Operator
	set, base, found := strings.Cut(text, ":")
	switch {
	case !found:
		base = text
	case strings.EqualFold(set, forAllValues):
		o.Set = forAllValues
	case strings.EqualFold(set, forAnyValue):
		o.Set = forAnyValue
	default:
		return Operator{} // there is no such set, so the operator is unknown
	}
	if cut := len(base) - len(ifExists); cut > 0 && strings.EqualFold(base[cut:], ifExists) {
		o.IfExists, base = true, base[:cut]
	}
	o.Name = fold(base, knownOperators)
	return o
}

// fold returns the known name that text is in any case, "" for none.
func fold(text string, known []string) string {
	if i := slices.IndexFunc(known, func(k string) bool { return strings.EqualFold(k, text) }); i >= 0 {
		return known[i]
	}
	return ""
}

// operator checks a condition operator as it was written.
func (c *checker) operator(written string, o Operator, at document.Node) {
	canonical := o.String()
	switch {
	case c.noWarnings():
	case o.Name == "":
		f := at.NameFault(RuleUnknownOperator, "there is no condition operator "+finding.Quote(written))
		if nearest, ok := nearestOperator(written); ok {
			f.Message += ", " + nearest + " may be meant"
			f = f.Suggest(nearest)
		}
		c.warning(f)
	case written != canonical:
		c.warning(at.NameFault(RuleUnknownOperator, "the condition operator "+finding.Quote(written)+
			" is written "+canonical+", SES may not accept another case").Suggest(canonical))
	case o.Name == "Null" && o.IfExists:
		c.warning(at.NameFault(RuleUnknownOperator, "Null asks whether the key exists and takes no IfExists").Suggest("Null"))
	}
}

func nearestOperator(written string) (string, bool) {
	set, base, found := strings.Cut(written, ":")
	if !found {
		set, base = "", written
	} else if set, found = finding.Nearest(set, []string{forAllValues, forAnyValue}); !found {
		return "", false
	}
	o := Operator{Set: set}
	if cut := len(base) - len(ifExists); cut > 0 && strings.EqualFold(base[cut:], ifExists) {
		o.IfExists, base = true, base[:cut]
	}
	name, ok := finding.Nearest(base, knownOperators)
	o.Name = name
	return o.String(), ok
}
