package template

import (
	"cmp"
	"strings"
)

// resolver evaluates a template under given settings.
type resolver struct {
	template   *Template
	settings   Settings
	parameters map[string]*node
	conditions map[string]bool // those evaluated so far
	pending    map[string]bool // conditions under evaluation, to find circles
}

func newResolver(t *Template, s Settings) *resolver {
	s.Account = cmp.Or(s.Account, "123456789012")
	s.Region = cmp.Or(s.Region, "us-east-1")
	s.StackName = cmp.Or(s.StackName, "sespolicy")
	s.BaseURL = strings.TrimSuffix(cmp.Or(s.BaseURL, "http://127.0.0.1:4566"), "/")
	return &resolver{
		template:   t,
		settings:   s,
		parameters: map[string]*node{},
		conditions: map[string]bool{},
		pending:    map[string]bool{},
	}
}

func (r *resolver) errorAt(at *node, format string, args ...any) error {
	return r.template.errorAt(at, format, args...)
}

// resolve evaluates all functions in a value. It gives noValue where the whole value is AWS::NoValue.
func (r *resolver) resolve(n *node) (*node, error) {
	switch n.kind {
	case list:
		return r.resolveList(n)
	case object:
		if name, argument, ok := function(n); ok {
			return r.call(n, name, argument)
		}
		return r.resolveMembers(n)
	default:
		return n, nil
	}
}

func (r *resolver) resolveList(n *node) (*node, error) {
	out := &node{kind: list, line: n.line, column: n.column}
	for _, item := range n.items {
		value, err := r.resolve(item)
		if err != nil {
			return nil, err
		}
		if value != noValue {
			out.items = append(out.items, value)
		}
	}
	return out, nil
}

func (r *resolver) resolveMembers(n *node) (*node, error) {
	out := &node{kind: object, line: n.line, column: n.column}
	for _, m := range n.members {
		value, err := r.resolve(m.value)
		if err != nil {
			return nil, err
		}
		if value != noValue {
			out.members = append(out.members, member{name: m.name, at: m.at, value: value})
		}
	}
	return out, nil
}

// function tells a call such as {Ref: X} from a mapping. {Condition: X} counts only inside conditions: policies have a
// member of that name too.
func function(n *node) (name string, argument *node, ok bool) {
	if len(n.members) != 1 {
		return "", nil, false
	}
	m := n.members[0]
	return m.name, m.value, m.name == "Ref" || strings.HasPrefix(m.name, "Fn::")
}

// active says whether a resource or output with this condition exists. "" is no condition.
func (r *resolver) active(condition string, at *node) (bool, error) {
	if condition == "" {
		return true, nil
	}
	return r.condition(condition, at)
}

// condition evaluates a named condition, once.
func (r *resolver) condition(name string, at *node) (bool, error) {
	if value, ok := r.conditions[name]; ok {
		return value, nil
	}
	definition, ok := r.template.conditions[name]
	if !ok {
		return false, r.errorAt(at, "there is no condition %s", name)
	}
	if r.pending[name] {
		return false, r.errorAt(definition, "condition %s depends on itself", name)
	}
	r.pending[name] = true
	value, err := r.test(definition)
	delete(r.pending, name)
	if err != nil {
		return false, err
	}
	r.conditions[name] = value
	return value, nil
}

// test evaluates the functions that conditions are made of.
func (r *resolver) test(n *node) (bool, error) {
	if len(n.members) != 1 {
		return false, r.errorAt(n, "a condition is one of Fn::Equals, Fn::Not, Fn::And, Fn::Or, Condition")
	}
	name, argument := n.members[0].name, n.members[0].value
	if name == "Condition" && argument.kind == text {
		return r.condition(argument.text, argument)
	}
	limits, ok := operands[name]
	if !ok || argument.kind != list {
		return false, r.errorAt(n, "a condition is one of Fn::Equals, Fn::Not, Fn::And, Fn::Or, each with a list, or Condition; this is %s", name)
	}
	if count := len(argument.items); count < limits.least || count > limits.most {
		return false, r.errorAt(argument, "%s takes %d to %d operands, here are %d", name, limits.least, limits.most, count)
	}
	if name == "Fn::Equals" {
		return r.equal(argument)
	}
	for _, item := range argument.items {
		value, err := r.test(item)
		if err != nil {
			return false, err
		}
		switch {
		case name == "Fn::Not":
			return !value, nil
		case value == (name == "Fn::Or"): // The first true decides an Or, the first false an And.
			return value, nil
		}
	}
	return name == "Fn::And", nil
}

// operands says how many operands each function of conditions takes.
var operands = map[string]struct{ least, most int }{
	"Fn::Equals": {2, 2},
	"Fn::Not":    {1, 1},
	"Fn::And":    {2, 10},
	"Fn::Or":     {2, 10},
}

func (r *resolver) equal(arguments *node) (bool, error) {
	resolved, err := r.resolveList(arguments)
	if err != nil {
		return false, err
	}
	if len(resolved.items) != 2 || !resolved.items[0].isScalar() || !resolved.items[1].isScalar() {
		return false, r.errorAt(arguments, "Fn::Equals compares two strings")
	}
	return resolved.items[0].text == resolved.items[1].text, nil
}
