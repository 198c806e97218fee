package template

import (
	"regexp"
	"strconv"
	"strings"
)

// call evaluates one intrinsic function.
func (r *resolver) call(at *node, name string, argument *node) (*node, error) {
	switch name {
	case "Ref":
		if argument.kind != text {
			return nil, r.errorAt(argument, "Ref takes a name, this is %s", argument.kind)
		}
		return r.ref(argument, argument.text)
	case "Fn::GetAtt":
		if argument.kind == text {
			argument = splitAttribute(argument)
		}
		return r.getAtt(argument)
	case "Fn::Sub":
		return r.sub(argument)
	case "Fn::If":
		return r.choose(argument)
	case "Fn::Join":
		return r.join(argument)
	case "Fn::Split":
		return r.split(argument)
	case "Fn::Select":
		return r.pick(argument)
	case "Fn::FindInMap":
		return r.findInMap(argument)
	default:
		return nil, r.errorAt(at, "%s cannot be evaluated locally; known are Ref, Fn::GetAtt, Fn::Sub, Fn::If, Fn::Join, Fn::Split, Fn::Select, Fn::FindInMap", name)
	}
}

// arguments resolves the list that a function takes.
func (r *resolver) arguments(name string, argument *node, count int) ([]*node, error) {
	if argument.kind != list || len(argument.items) != count {
		return nil, r.errorAt(argument, "%s takes a list of %d", name, count)
	}
	resolved, err := r.resolveList(argument)
	if err != nil {
		return nil, err
	}
	if len(resolved.items) != count {
		return nil, r.errorAt(argument, "%s cannot take AWS::NoValue", name)
	}
	return resolved.items, nil
}

// choose is Fn::If. Only the branch that counts is evaluated: the other may speak of resources that do not exist.
func (r *resolver) choose(argument *node) (*node, error) {
	if argument.kind != list || len(argument.items) != 3 || argument.items[0].kind != text {
		return nil, r.errorAt(argument, "Fn::If takes the name of a condition and two values")
	}
	holds, err := r.condition(argument.items[0].text, argument.items[0])
	if err != nil {
		return nil, err
	}
	if holds {
		return r.resolve(argument.items[1])
	}
	return r.resolve(argument.items[2])
}

func (r *resolver) join(argument *node) (*node, error) {
	items, err := r.arguments("Fn::Join", argument, 2)
	if err != nil {
		return nil, err
	}
	if items[0].kind != text || items[1].kind != list {
		return nil, r.errorAt(argument, "Fn::Join takes a delimiter and a list")
	}
	parts := make([]string, 0, len(items[1].items))
	for _, item := range items[1].items {
		if !item.isScalar() {
			return nil, r.errorAt(item, "Fn::Join joins strings, this is %s", item.kind)
		}
		parts = append(parts, item.text)
	}
	return textNode(argument, strings.Join(parts, items[0].text)), nil
}

func (r *resolver) split(argument *node) (*node, error) {
	items, err := r.arguments("Fn::Split", argument, 2)
	if err != nil {
		return nil, err
	}
	if items[0].kind != text || items[0].text == "" || !items[1].isScalar() {
		return nil, r.errorAt(argument, "Fn::Split takes a delimiter and a string")
	}
	out := &node{kind: list, line: argument.line, column: argument.column}
	for part := range strings.SplitSeq(items[1].text, items[0].text) {
		out.items = append(out.items, textNode(argument, part))
	}
	return out, nil
}

func (r *resolver) pick(argument *node) (*node, error) {
	items, err := r.arguments("Fn::Select", argument, 2)
	if err != nil {
		return nil, err
	}
	index, err := strconv.Atoi(items[0].text)
	if err != nil || items[1].kind != list || index < 0 || index >= len(items[1].items) {
		return nil, r.errorAt(argument, "Fn::Select takes an index and a list that has it")
	}
	return items[1].items[index], nil
}

func (r *resolver) findInMap(argument *node) (*node, error) {
	items, err := r.arguments("Fn::FindInMap", argument, 3)
	if err != nil {
		return nil, err
	}
	for _, mapping := range r.template.mappings {
		if mapping.name != items[0].text {
			continue
		}
		if value := mapping.value.member(items[1].text).member(items[2].text); value != nil {
			return value, nil
		}
	}
	return nil, r.errorAt(argument, "there is no mapping %s with %s and %s", items[0].text, items[1].text, items[2].text)
}

// placeholder is ${Name}, ${Resource.Attribute}, ${AWS::Region} or the literal ${!Name}.
var placeholder = regexp.MustCompile(`\$\{([^}]*)\}`)

// sub is Fn::Sub: a text, or a text and a mapping of its own variables.
func (r *resolver) sub(argument *node) (*node, error) {
	template, variables := argument, &node{}
	if argument.kind == list && len(argument.items) == 2 {
		template = argument.items[0]
		resolved, err := r.resolve(argument.items[1])
		if err != nil {
			return nil, err
		}
		variables = resolved
	}
	if template.kind != text {
		return nil, r.errorAt(argument, "Fn::Sub takes a string, or a list of a string and a mapping")
	}
	var first error
	out := placeholder.ReplaceAllStringFunc(template.text, func(match string) string {
		value, err := r.substitute(template, match[2:len(match)-1], variables)
		if err != nil && first == nil {
			first = err
		}
		return value
	})
	if first != nil {
		return nil, first
	}
	return textNode(argument, out), nil
}

func (r *resolver) substitute(at *node, name string, variables *node) (string, error) {
	if literal, ok := strings.CutPrefix(name, "!"); ok {
		return "${" + literal + "}", nil
	}
	value := variables.member(name)
	if value == nil {
		var err error
		if id, attribute, ok := strings.Cut(name, "."); ok {
			value, err = r.attribute(at, id, attribute)
		} else {
			value, err = r.ref(at, name)
		}
		if err != nil {
			return "", err
		}
	}
	if !value.isScalar() {
		return "", r.errorAt(at, "${%s} is %s, not a string", name, value.kind)
	}
	return value.text, nil
}
