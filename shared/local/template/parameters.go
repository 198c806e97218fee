package template

import (
	"errors"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
)

// parameter is an entry of the section Parameters.
type parameter struct {
	Type                  string   `yaml:"Type"`
	Default               *string  `yaml:"Default"`
	AllowedValues         []string `yaml:"AllowedValues"`
	AllowedPattern        string   `yaml:"AllowedPattern"`
	ConstraintDescription string   `yaml:"ConstraintDescription"`
	MinValue              *float64 `yaml:"MinValue"`
	MaxValue              *float64 `yaml:"MaxValue"`
}

// readParameters gives every parameter its value: the override, else the default.
func (r *resolver) readParameters() error {
	var errs []error
	var names []string
	for name, definition := range entries(r.sections["Parameters"]) {
		names = append(names, name.Value)
		value, err := r.parameter(name, definition)
		errs = append(errs, err)
		r.parameters[name.Value] = value
	}
	for _, name := range slices.Sorted(maps.Keys(r.settings.Parameters)) {
		if !slices.Contains(names, name) {
			errs = append(errs, r.errorAt(nil, "there is no parameter %s; the template has %s", name, strings.Join(names, ", ")))
		}
	}
	return errors.Join(errs...)
}

// parameter is the value of one parameter, held against what its definition allows.
func (r *resolver) parameter(name, definition *yaml.Node) (*yaml.Node, error) {
	var p parameter
	if err := definition.Decode(&p); err != nil {
		return nil, r.located(err)
	}
	value, given := r.settings.Parameters[name.Value]
	if !given && p.Default == nil {
		return nil, r.errorAt(name, "parameter %s has no default and was given no value", name.Value)
	}
	if !given {
		value = *p.Default
	}
	if p.AllowedValues != nil && !slices.Contains(p.AllowedValues, value) {
		return nil, r.errorAt(name, "parameter %s is %q, want one of %s", name.Value, value, strings.Join(p.AllowedValues, ", "))
	}
	// CloudFormation matches the whole value, whether or not the pattern says so.
	pattern, err := regexp.Compile("^(?:" + p.AllowedPattern + ")$")
	switch {
	case err != nil:
		return nil, r.errorAt(name, "AllowedPattern of parameter %s: %v", name.Value, err)
	case p.AllowedPattern != "" && !pattern.MatchString(value):
		return nil, r.errorAt(name, "parameter %s is %q: it %s", name.Value, value, p.ConstraintDescription)
	}
	switch out := newText(name, value); p.Type {
	case "String":
		return out, nil
	case "Number":
		out.Tag = "!!int"
		number, err := strconv.ParseFloat(value, 64)
		if err != nil || p.MinValue != nil && number < *p.MinValue || p.MaxValue != nil && number > *p.MaxValue {
			return nil, r.errorAt(definition, "parameter %s is %q, want a number within its MinValue and MaxValue", name.Value, value)
		}
		return out, nil
	}
	return nil, r.errorAt(name, "parameter %s has Type %q, want String or Number", name.Value, p.Type)
}

// checkRules evaluates the section Rules: assertions over parameters that CloudFormation makes before it creates anything.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/rules-section-structure.html
func (r *resolver) checkRules() error {
	var errs []error
	for name, rule := range entries(r.sections["Rules"]) {
		if condition := member(rule, "RuleCondition"); condition != nil {
			applies, err := r.test(condition)
			if errs = append(errs, err); !applies {
				continue
			}
		}
		assertions := member(rule, "Assertions")
		if assertions == nil {
			errs = append(errs, r.errorAt(name, "rule %s has no Assertions", name.Value))
			continue
		}
		for _, assertion := range assertions.Content {
			holds, err := r.test(member(assertion, "Assert"))
			if err == nil && !holds {
				err = r.errorAt(assertion, "rule %s: %s", name.Value, text(assertion, "AssertDescription"))
			}
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
