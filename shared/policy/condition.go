package policy

import (
	"iter"
	"slices"
	"strings"

	"sespolicy/shared/document"
	"sespolicy/shared/finding"
)

// Condition is one comparison: an operator, a condition key and the values.
type Condition struct {
	Operator Operator
	Key      string        // as written: IAM ignores its case
	Values   document.Node // one value or a list, see [Values]
}

// Operator is a condition operator taken apart.
type Operator struct {
	Set      string // ForAllValues or ForAnyValue; empty for neither
	Name     string // as IAM writes it, StringEquals; empty for one that IAM does not have
	IfExists bool   // the condition holds when the request lacks the key
}

// String is the operator as IAM writes it.
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

// ParseOperator reads an operator, whatever its case.
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
		return Operator{} // no such set: the whole is unknown
	}
	if cut := len(base) - len(ifExists); cut > 0 && strings.EqualFold(base[cut:], ifExists) {
		o.IfExists, base = true, base[:cut]
	}
	o.Name = fold(base, knownOperators)
	return o
}

// fold is the known name that text is, whatever the case; empty for none.
func fold(text string, known []string) string {
	if i := slices.Index(known, text); i >= 0 { // as nearly everybody writes it
		return known[i]
	}
	for _, k := range known {
		if strings.EqualFold(k, text) {
			return k
		}
	}
	return ""
}

// Conditions are the comparisons of a Condition element, as far as it has the
// form of one. All of them have to hold.
func Conditions(n document.Node) iter.Seq[Condition] {
	return func(yield func(Condition) bool) {
		for operator, keys := range n.Members() {
			o := ParseOperator(operator)
			for key, values := range keys.Members() {
				if !yield(Condition{Operator: o, Key: key, Values: values}) {
					return
				}
			}
		}
	}
}

// condition checks the element Condition.
func (c *checker) condition(n document.Node) {
	switch {
	case isNull(n):
		c.null(n, "Condition")
	case n.Exists() && !n.IsObject():
		c.wrongType(n, "Condition", `an object like {"StringEquals": {…}}`)
	}
	for operator, keys := range n.Members() {
		o := ParseOperator(operator)
		c.operator(operator, o, keys)
		if !keys.IsObject() {
			c.wrongType(keys, "the condition "+finding.Quote(operator), "an object of condition keys and values")
			continue
		}
		c.duplicateKeys(keys)
		for key, values := range keys.Members() {
			c.key(key, values)
			c.values(o, values)
		}
	}
}

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
			" is written "+canonical+", SES may not know it in another case").Suggest(canonical))
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

// key checks a condition key.
func (c *checker) key(key string, at document.Node) {
	if c.noWarnings() {
		return
	}
	known := knownKey(key)
	if known == key {
		return
	}
	if known != "" {
		c.warning(at.NameFault(RuleKeyCase, "the condition key "+finding.Quote(key)+" is written "+finding.Quote(known)+
			", SES has refused a key in the wrong case").Suggest(known))
		return
	}
	f := at.NameFault(RuleUnknownKey, "neither SES nor IAM lists a condition key "+finding.Quote(key))
	if nearest, ok := finding.Nearest(key, knownKeys); ok && !strings.HasSuffix(nearest, "/") {
		f.Message += ", " + nearest + " may be meant"
		f = f.Suggest(nearest)
	}
	c.warning(f)
}

// knownKey is a condition key as its documentation writes it; empty when it is
// documented nowhere. The tag after a slash is the user's, and keeps its case.
func knownKey(key string) string {
	prefix, tag, isTag := strings.Cut(key, "/")
	if isTag {
		prefix += "/"
	}
	known := fold(prefix, knownKeys)
	if known == "" || isTag != strings.HasSuffix(known, "/") {
		return ""
	}
	return known + tag
}

// duplicateKeys warns of condition keys that differ in case only.
func (c *checker) duplicateKeys(keys document.Node) {
	count := keys.Len()
	if count < 2 || c.noWarnings() {
		return
	}
	seen := make(map[string]string, count)
	for key, values := range keys.Members() {
		lower := strings.ToLower(key)
		if before, ok := seen[lower]; ok && before != key {
			c.warning(values.NameFault(RuleDuplicateKey, "the condition key "+finding.Quote(key)+" is there already, as "+finding.Quote(before)))
		}
		seen[lower] = key
	}
}
