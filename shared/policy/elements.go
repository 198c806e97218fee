package policy

import (
	"slices"

	"sespolicy/shared/document"
	"sespolicy/shared/finding"
)

// The elements of the grammar, in the order of the slots that they are read into.
var (
	policyElements    = []string{"Version", "Id", "Statement"}
	statementElements = []string{
		"Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition",
	}
)

// Elements are the elements of a policy, and those of a statement. An element
// and its opposite, such as Action and NotAction, exclude each other.
func Elements() (ofPolicy, ofStatement []string) {
	return slices.Clone(policyElements), slices.Clone(statementElements)
}

// elements reads the members of an object into the slots of the known names.
// elsewhere has the names that belong in the other kind of object, and place is
// what messages call that object.
func (c *checker) elements(object document.Node, known []string, slots []document.Node, elsewhere []string, place string) {
	var meant [9]document.Node // the members with misspelt names
	for name, m := range object.Members() {
		if i := slices.Index(known, name); i >= 0 {
			if !slots[i].Exists() {
				slots[i] = m
			}
			continue
		}
		if i := c.unknownElement(name, m, known, elsewhere, place); i >= 0 && !meant[i].Exists() {
			meant[i] = m
		}
	}
	for i := range slots {
		if !slots[i].Exists() {
			slots[i] = meant[i]
		}
	}
}

// unknownElement reports a member with an unknown name. It returns the index of
// the known name that was meant, -1 if that is not certain.
func (c *checker) unknownElement(name string, m document.Node, known, elsewhere []string, place string) int {
	if slices.Contains(elsewhere, name) {
		c.warning(m.NameFault(RuleUnknownElement, "the element "+name+" belongs in "+place+", here it may have no effect"))
		return -1
	}
	if nearest, ok := finding.Nearest(name, known); ok {
		c.violation(m.NameFault(RuleMisspeltElement,
			"there is no element "+finding.Quote(name)+", expected "+nearest).Suggest(nearest))
		return slices.Index(known, nearest)
	}
	if !c.noWarnings() {
		c.warning(m.NameFault(RuleUnknownElement, "there is no element "+finding.Quote(name)+" in the policy language"))
	}
	return -1
}

// policy reads and checks a whole policy.
func (c *checker) policy(at document.Node) *Policy {
	p := &Policy{At: at}
	if !at.IsObject() {
		expected := "a JSON object"
		if at.IsString() && len(at.Text()) > 0 && at.Text()[0] == '{' {
			expected += " (it was encoded as JSON twice: pass the inner text)"
		}
		c.wrongType(at, "the policy", expected)
		return p
	}
	var slots [3]document.Node
	c.elements(at, policyElements, slots[:], statementElements, "a statement")
	p.Version = slots[0]
	c.text(slots[0], "Version")
	c.text(slots[1], "Id")
	if v := slots[0]; v.IsString() && v.Text() != "2012-10-17" && v.Text() != "2008-10-17" {
		c.warning(v.Fault(RuleUnknownVersion, "the Version is "+finding.Quote(v.Text())+", expected 2012-10-17 or 2008-10-17"))
	}
	c.statements(p, slots[2])
	return p
}

// statements reads the element Statement: one statement or a list.
func (c *checker) statements(p *Policy, at document.Node) {
	switch {
	case !at.Exists():
		c.violation(p.At.Fault(RuleMissingElement, "the policy has no Statement, expected at least one"))
		return
	case at.IsArray():
		count := at.Len()
		if count == 0 {
			c.violation(at.Fault(RuleNoStatement, "the list of statements is empty, expected at least one"))
			return
		}
		p.Statements = make([]Statement, 0, count)
		if count > 1 {
			c.sids = make(map[string]struct{}, count)
		}
	case !at.IsObject():
		c.wrongType(at, "Statement", "a statement (an object) or a list of them")
		return
	}
	for n := range Values(at) {
		if !n.IsObject() {
			c.wrongType(n, "the statement", "an object")
			continue
		}
		p.Statements = append(p.Statements, c.statement(n))
	}
	c.checkNobody()
}

// checkNobody reports the Principal elements that name nobody. That is a
// violation if the whole policy names nobody, otherwise a warning.
func (c *checker) checkNobody() {
	for _, n := range c.nobody {
		if c.principals == 0 {
			c.violation(n.Fault(RuleNoPrincipal, "no principal is named, a policy must name at least one"))
		} else {
			c.warning(n.Fault(RuleEmptyElement, "no principal is named, so the statement applies to nobody"))
		}
	}
}

// null warns of an optional element that is null.
func (c *checker) null(n document.Node, what string) {
	c.warning(n.Fault(RuleNullElement, what+" is null, SES may refuse that: leave it out"))
}

// text checks an optional element that takes any string.
func (c *checker) text(n document.Node, what string) {
	switch {
	case !n.Exists() || n.IsString():
	case isNull(n):
		c.null(n, what)
	case isScalar(n):
		c.warning(n.Fault(RuleUnquotedValue, what+" is "+n.Type()+", expected a string").Suggest(`"` + n.Text() + `"`))
	default:
		c.wrongType(n, what, "a string")
	}
}
