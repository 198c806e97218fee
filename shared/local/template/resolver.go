package template

import (
	"cmp"
	"errors"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v4"
)

// resolver evaluates a template under given settings.
type resolver struct {
	*Template
	settings   Settings
	parameters map[string]*yaml.Node
	types      map[string]string // of the resources that exist, by logical id
	pending    map[string]bool   // conditions under evaluation, to find circles
	functions  map[string]func(at, argument *yaml.Node) (*yaml.Node, error)
}

// newResolver reads the parameters, checks the rules and finds out which resources exist.
func newResolver(t *Template, s Settings) (*resolver, error) {
	s.BaseURL = strings.TrimSuffix(cmp.Or(s.BaseURL, "http://127.0.0.1:4566"), "/")
	r := &resolver{Template: t, settings: s, parameters: map[string]*yaml.Node{}, types: map[string]string{}, pending: map[string]bool{}}
	r.functions = map[string]func(at, argument *yaml.Node) (*yaml.Node, error){
		"Ref":        func(at, name *yaml.Node) (*yaml.Node, error) { return r.ref(at, name.Value) },
		"Fn::GetAtt": r.getAtt,
		"Fn::Sub":    r.sub,
		"Fn::If":     r.branch,
	}
	if err := r.readParameters(); err != nil {
		return nil, err
	}
	if err := r.checkRules(); err != nil {
		return nil, err
	}
	return r, r.findResources()
}

// findResources notes the types of the resources whose condition holds. SAM makes the event source mapping of an event and
// calls it by the logical ids of both, such as ApplyPolicyFunctionRequests.
func (r *resolver) findResources() error {
	var errs []error
	for id, value := range entries(r.sections["Resources"]) {
		if name := text(value, "Condition"); name != "" {
			exists, err := r.condition(value, name)
			errs = append(errs, err)
			if !exists {
				continue
			}
		}
		r.types[id.Value] = text(value, "Type")
		for event := range entries(member(value, "Properties", "Events")) {
			r.types[id.Value+event.Value] = "AWS::Lambda::EventSourceMapping"
		}
	}
	return errors.Join(errs...)
}

// resolve evaluates all functions in a value. It gives nil where the whole value is AWS::NoValue.
func (r *resolver) resolve(n *yaml.Node) (*yaml.Node, error) {
	if name, argument := intrinsic(n); name != "" {
		function, ok := r.functions[name]
		if !ok {
			return nil, r.errorAt(n, "%s is not evaluated locally, want one of Ref, Fn::GetAtt, Fn::Sub, Fn::If", name)
		}
		return function(n, argument)
	}
	if n == nil {
		return nil, nil
	}
	out := *n
	out.Content = nil
	switch n.Kind {
	case yaml.AliasNode:
		return nil, r.errorAt(n, "CloudFormation does not accept a YAML alias")
	case yaml.SequenceNode:
		for _, item := range n.Content {
			value, err := r.resolve(item)
			if err != nil {
				return nil, err
			}
			if value != nil {
				out.Content = append(out.Content, value)
			}
		}
	case yaml.MappingNode:
		for name, value := range entries(n) {
			value, err := r.resolve(value)
			if err != nil {
				return nil, err
			}
			if value != nil {
				out.Content = append(out.Content, name, value)
			}
		}
	}
	return &out, nil
}

// branch is Fn::If. Only one value is evaluated: the other may refer to resources that do not exist.
func (r *resolver) branch(at, argument *yaml.Node) (*yaml.Node, error) {
	if argument.Kind != yaml.SequenceNode || len(argument.Content) != 3 {
		return nil, r.errorAt(at, "Fn::If takes the name of a condition and two values")
	}
	holds, err := r.condition(at, argument.Content[0].Value)
	if err != nil {
		return nil, err
	}
	if holds {
		return r.resolve(argument.Content[1])
	}
	return r.resolve(argument.Content[2])
}

// placeholder is ${Name}, ${Resource.Attribute}, ${AWS::Region} or the literal ${!Name}.
var placeholder = regexp.MustCompile(`\$\{([^}]*)\}`)

// sub is Fn::Sub of a text; the form with a mapping of variables is not evaluated.
func (r *resolver) sub(at, argument *yaml.Node) (*yaml.Node, error) {
	if argument.Kind != yaml.ScalarNode {
		return nil, r.errorAt(at, "Fn::Sub takes a string here")
	}
	var errs []error
	out := placeholder.ReplaceAllStringFunc(argument.Value, func(match string) string {
		name := match[2 : len(match)-1]
		if literal, ok := strings.CutPrefix(name, "!"); ok {
			return "${" + literal + "}"
		}
		value, err := r.ref(at, name)
		if id, attribute, ok := strings.Cut(name, "."); ok {
			value, err = r.attribute(at, id, attribute)
		}
		errs = append(errs, err)
		return text(value)
	})
	return newText(at, out), errors.Join(errs...)
}

// condition evaluates a named condition.
func (r *resolver) condition(at *yaml.Node, name string) (bool, error) {
	definition := member(r.sections["Conditions"], name)
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
func (r *resolver) test(n *yaml.Node) (bool, error) {
	name, argument := intrinsic(n)
	switch {
	case name == "Fn::Equals" && len(argument.Content) == 2:
		values, err := r.resolve(argument)
		return err == nil && text(values.Content[0]) == text(values.Content[1]), err
	case name == "Fn::Not" && len(argument.Content) == 1:
		holds, err := r.test(argument.Content[0])
		return !holds, err
	case name == "Fn::Or":
		for _, operand := range argument.Content {
			if holds, err := r.test(operand); err != nil || holds {
				return holds, err
			}
		}
		return false, nil
	}
	return false, r.errorAt(n, "got %q, want Fn::Equals of two, Fn::Not of one, or Fn::Or", name)
}
