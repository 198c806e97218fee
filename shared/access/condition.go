package access

import (
	"slices"
	"strings"
)

// Condition is one comparison of a statement: an operator, a condition key and
// the values it is compared with, as the policy writes them.
type Condition struct {
	Operator string   `json:"operator"`
	Key      string   `json:"key"`
	Values   []string `json:"values"`

	operator  operator
	malformed string // why it cannot be evaluated
}

// operator is a condition operator taken apart
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html).
type operator struct {
	set      string // ForAllValues or ForAnyValue; empty for neither
	base     string // in lower case, without Not
	negated  bool
	ifExists bool
}

const (
	forAllValues = "ForAllValues"
	forAnyValue  = "ForAnyValue"
)

// parseOperator reads an operator in any case: SES either knows it in that case
// or rejects the policy.
func parseOperator(text string) (o operator, known bool) {
	base := strings.ToLower(text)
	if set, after, found := strings.Cut(base, ":"); found {
		switch set {
		case "forallvalues":
			o.set = forAllValues
		case "foranyvalue":
			o.set = forAnyValue
		default:
			return o, false
		}
		base = after
	}
	base, o.ifExists = strings.CutSuffix(base, "ifexists")
	switch base {
	case "notipaddress":
		o.base, o.negated = "ipaddress", true
	case "null":
		o.base = base
		return o, o.set == "" && !o.ifExists // Null takes neither
	default:
		o.base = base
		for _, family := range []string{"string", "numeric", "date", "arn"} {
			if rest, found := strings.CutPrefix(base, family+"not"); found {
				o.base, o.negated = family+rest, true
			}
		}
	}
	if _, found := comparisons[o.base]; !found || o.negated && !slices.Contains(negatable, o.base) {
		return operator{}, false
	}
	return o, true
}

// negatable are the operators that have a negated form.
var negatable = []string{"stringequals", "stringequalsignorecase", "stringlike", "numericequals", "dateequals", "arnequals", "arnlike", "ipaddress"}

// holds is whether the condition holds for the request.
func (c *Condition) holds(q *question, mode variables) verdict {
	if c.malformed != "" {
		return inDoubt(c.malformed)
	}
	if c.operator.base == "null" {
		return c.null(q)
	}
	against, valid := c.against(q, mode)
	values, known := q.lookup(c.Key)
	switch {
	case known:
		return c.compareAll(values, against).and(valid)
	case c.ruledOut(q, against):
		return given(c.operator.negated).and(valid)
	default:
		return dependsOn(c.Key)
	}
}

// ruledOut reports whether all the ARNs are of other accounts than the
// principal's, whose own ARN is not known.
func (c *Condition) ruledOut(q *question, against []expanded) bool {
	if !strings.EqualFold(c.Key, "aws:PrincipalArn") || q.principal.Kind != Account && q.principal.Kind != Session {
		return false
	}
	if base := c.operator.base; base != "arnequals" && base != "arnlike" && base != "stringequals" {
		return false
	}
	for _, e := range against {
		fields := e.pattern
		for range 4 {
			var found bool
			if _, fields, found = fields.cut(); !found {
				return false
			}
		}
		account, _, found := fields.cut()
		if e.known.truth != isTrue || !found || account.match(q.principal.Account) {
			return false
		}
	}
	return true
}

// against is what the request's values are compared with.
func (c *Condition) against(q *question, mode variables) (against []expanded, valid verdict) {
	compare := comparisons[c.operator.base]
	if !compare.variables {
		mode = variablesOff
	}
	valid = yes
	for _, value := range c.Values {
		e := q.expand(value, mode, compare.wild)
		valid = valid.and(e.valid)
		against = append(against, e)
	}
	return against, valid
}

// compareAll compares all values of the request. Without a set operator, how AWS
// compares several values is not documented
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html).
func (c *Condition) compareAll(values []string, against []expanded) verdict {
	o := c.operator
	if len(values) == 0 || o.set != "" && emptySet(values) {
		return c.absent(len(values) == 0)
	}
	all, some := yes, no
	for _, value := range values {
		v := c.compare(value, against)
		all, some = all.and(v), some.or(v)
	}
	switch {
	case o.set == forAllValues:
		return all
	case o.set == forAnyValue:
		return some
	case all.truth == some.truth:
		return all
	default:
		return inDoubt(c.Operator + " on several values of " + c.Key + " without ForAllValues or ForAnyValue").or(some.and(all))
	}
}

// absent is the result for a request that lacks the key, or has only an empty
// data set for it.
func (c *Condition) absent(missing bool) verdict {
	switch o := c.operator; {
	case o.set == forAllValues:
		return yes
	case o.set == forAnyValue && o.ifExists && missing:
		return inDoubt("ForAnyValue is false without the key, IfExists is true")
	case o.set == forAnyValue:
		return no
	default:
		return given(o.ifExists || o.negated)
	}
}

// emptySet reports whether the values are an empty data set: only empty strings.
func emptySet(values []string) bool {
	return !slices.ContainsFunc(values, func(v string) bool { return v != "" })
}

// compare compares one value of the request with all of the policy's: one of
// them must match, or none of them for a negated operator.
func (c *Condition) compare(value string, against []expanded) verdict {
	match := no
	for _, e := range against {
		match = match.or(e.compare(comparisons[c.operator.base], value))
	}
	if c.operator.negated {
		return match.not()
	}
	return match
}

func (e expanded) compare(with comparison, value string) verdict {
	if e.known.truth != isTrue {
		return e.known
	}
	return with.compare(value, e.pattern)
}

// null is whether the key is absent, or not, as the policy asks.
func (c *Condition) null(q *question) verdict {
	values, known := q.lookup(c.Key)
	result := no
	for _, value := range c.Values {
		switch strings.ToLower(value) {
		case "true", "false":
			absent := dependsOn(c.Key)
			if known {
				absent = given(len(values) == 0)
				if len(values) > 0 && emptySet(values) {
					absent = inDoubt("whether an empty value of " + c.Key + " counts as null")
				}
			}
			if strings.EqualFold(value, "false") {
				absent = absent.not()
			}
			result = result.or(absent)
		default:
			result = result.or(inDoubt("Null with a value other than true and false"))
		}
	}
	return result
}
