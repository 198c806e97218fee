package policy

import (
	"iter"

	"sespolicy/shared/document"
	"sespolicy/shared/finding"
)

// Condition is one comparison: an operator, a condition key and its values.
type Condition struct {
	Operator Operator
	Key      string        // as written: IAM ignores its case
	Values   document.Node // one value or a list, see [Values]
}

// Conditions iterates over the comparisons of a Condition element, as far as it
// has the form of one. All of them have to hold.
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
