package template

import (
	"cmp"
	"regexp"
	"strings"
)

// resolver evaluates a template under given settings.
type resolver struct {
	*Template
	settings   Settings
	parameters map[string]*node
	pending    map[string]bool // conditions under evaluation, to find circles
}

func newResolver(t *Template, s Settings) *resolver {
	s.Account = cmp.Or(s.Account, "123456789012")
	s.Region = cmp.Or(s.Region, "us-east-1")
	s.StackName = cmp.Or(s.StackName, "sespolicy")
	s.BaseURL = strings.TrimSuffix(cmp.Or(s.BaseURL, "http://127.0.0.1:4566"), "/")
	return &resolver{Template: t, settings: s, parameters: map[string]*node{}, pending: map[string]bool{}}
}

// resolve evaluates all functions in a value. It gives noValue where the whole value is AWS::NoValue.
func (r *resolver) resolve(n *node) (*node, error) {
	out := &node{kind: n.kind, text: n.text, line: n.line}
	if n.kind == object && len(n.members) == 1 && (n.members[0].name == "Ref" || strings.HasPrefix(n.members[0].name, "Fn::")) {
		return r.call(n, n.members[0].name, n.members[0].value)
	}
	for _, item := range n.items {
		value, err := r.resolve(item)
		if err != nil {
			return nil, err
		}
		if value != noValue {
			out.items = append(out.items, value)
		}
	}
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

// call evaluates one intrinsic function.
func (r *resolver) call(at *node, name string, argument *node) (*node, error) {
	switch name {
	case "Ref":
		return r.ref(at, argument.text)
	case "Fn::GetAtt":
		id, attribute, _ := strings.Cut(argument.text, ".")
		if argument.kind == list && len(argument.items) == 2 {
			id, attribute = argument.items[0].text, argument.items[1].text
		}
		return r.attribute(at, id, attribute)
	case "Fn::Sub":
		return r.sub(at, argument)
	case "Fn::If":
		if argument.kind != list || len(argument.items) != 3 {
			return nil, r.errorAt(at, "Fn::If takes the name of a condition and two values")
		}
		// Only one branch is evaluated: the other may refer to resources that do not exist.
		if holds, err := r.condition(argument.items[0].text, at); err != nil || holds {
			return r.orError(argument.items[1], err)
		}
		return r.resolve(argument.items[2])
	default:
		return nil, r.errorAt(at, "%s is not evaluated locally, want one of Ref, Fn::GetAtt, Fn::Sub, Fn::If", name)
	}
}

func (r *resolver) orError(n *node, err error) (*node, error) {
	if err != nil {
		return nil, err
	}
	return r.resolve(n)
}

// condition evaluates a named condition. "" is no condition and holds.
func (r *resolver) condition(name string, at *node) (bool, error) {
	if name == "" {
		return true, nil
	}
	definition := r.sections["Conditions"].member(name)
	if definition == nil {
		return false, r.errorAt(at, "there is no condition %s", name)
	}
	if r.pending[name] {
		return false, r.errorAt(definition, "condition %s depends on itself", name)
	}
	r.pending[name] = true
	defer delete(r.pending, name)
	return r.test(definition)
}

// test evaluates the functions that conditions and rules are made of.
func (r *resolver) test(n *node) (bool, error) {
	if n == nil || len(n.members) != 1 {
		return false, &Error{File: r.file, Message: "a condition or rule is empty"}
	}
	name, argument := n.members[0].name, n.members[0].value
	operands := argument.items
	switch {
	case name == "Condition":
		return r.condition(argument.text, n)
	case name == "Fn::Equals" && len(operands) == 2:
		resolved, err := r.resolve(argument)
		if err != nil {
			return false, err
		}
		return resolved.items[0].text == resolved.items[1].text, nil
	case name == "Fn::Not" && len(operands) == 1:
		holds, err := r.test(operands[0])
		return !holds, err
	case (name == "Fn::And" || name == "Fn::Or") && len(operands) >= 2 && len(operands) <= 10:
		for _, operand := range operands {
			// The first true decides an Or, the first false an And.
			if holds, err := r.test(operand); err != nil || holds == (name == "Fn::Or") {
				return holds, err
			}
		}
		return name == "Fn::And", nil
	}
	return false, r.errorAt(n, "got %s, want Fn::Equals of two, Fn::Not of one, Fn::And or Fn::Or of two to ten, or Condition", name)
}

// placeholder is ${Name}, ${Resource.Attribute}, ${AWS::Region} or the literal ${!Name}.
var placeholder = regexp.MustCompile(`\$\{([^}]*)\}`)

// sub is Fn::Sub of a text; the form with a mapping of variables is not evaluated.
func (r *resolver) sub(at, argument *node) (*node, error) {
	if argument.kind != text {
		return nil, r.errorAt(at, "Fn::Sub takes a string here, this is %s", argument.kind)
	}
	var first error
	out := placeholder.ReplaceAllStringFunc(argument.text, func(match string) string {
		name := match[2 : len(match)-1]
		if literal, ok := strings.CutPrefix(name, "!"); ok {
			return "${" + literal + "}"
		}
		var value *node
		var err error
		if id, attribute, ok := strings.Cut(name, "."); ok {
			value, err = r.attribute(at, id, attribute)
		} else {
			value, err = r.ref(at, name)
		}
		if err != nil {
			first = cmp.Or(first, err)
			return ""
		}
		return value.text
	})
	return textNode(at, out), first
}
