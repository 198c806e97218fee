package template

import (
	"errors"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// readParameters gives every parameter its value: the override, else the default.
func (r *resolver) readParameters() error {
	var errs []error
	var names []string
	for _, p := range r.members("Parameters") {
		names = append(names, p.name)
		value, err := r.parameter(p)
		errs = append(errs, err)
		r.parameters[p.name] = value
	}
	for _, name := range slices.Sorted(maps.Keys(r.settings.Parameters)) {
		if !slices.Contains(names, name) {
			errs = append(errs, &Error{File: r.file, Message: "there is no parameter " + name + "; the template has " + strings.Join(names, ", ")})
		}
	}
	return errors.Join(errs...)
}

func (r *resolver) parameter(p member) (*node, error) {
	value := p.value.member("Default")
	if override, ok := r.settings.Parameters[p.name]; ok {
		value = textNode(p.at, override)
	}
	if value == nil || !value.isScalar() {
		return nil, r.errorAt(p.at, "parameter %s has no default that is a string or a number, and was given no value", p.name)
	}
	if err := r.checkParameter(p, value); err != nil {
		return nil, err
	}
	switch kind, _ := p.value.member("Type").value().(string); kind {
	case "String":
		return textNode(value, value.text), nil
	case "Number":
		return &node{kind: number, text: value.text, line: value.line}, r.checkNumber(p, value)
	default:
		return nil, r.errorAt(p.at, "parameter %s has Type %q, want String or Number", p.name, kind)
	}
}

// checkParameter holds a value against AllowedValues and AllowedPattern.
func (r *resolver) checkParameter(p member, value *node) error {
	if allowed := p.value.member("AllowedValues"); allowed != nil {
		var values []string
		for _, item := range allowed.items {
			values = append(values, item.text)
		}
		if !slices.Contains(values, value.text) {
			return r.errorAt(value, "parameter %s is %q, want one of %s", p.name, value.text, strings.Join(values, ", "))
		}
	}
	if pattern := p.value.member("AllowedPattern"); pattern != nil {
		// CloudFormation matches the whole value, whether or not the pattern says so.
		compiled, err := regexp.Compile("^(?:" + pattern.text + ")$")
		if err != nil {
			return r.errorAt(pattern, "AllowedPattern of parameter %s: %v", p.name, err)
		}
		if !compiled.MatchString(value.text) {
			constraint, _ := p.value.member("ConstraintDescription").value().(string)
			return r.errorAt(value, "parameter %s is %q: it %s", p.name, value.text, constraint)
		}
	}
	return nil
}

// checkNumber holds a number against MinValue and MaxValue.
func (r *resolver) checkNumber(p member, value *node) error {
	n, err := strconv.ParseFloat(value.text, 64)
	if err != nil {
		return r.errorAt(value, "parameter %s is %q, want a number", p.name, value.text)
	}
	for name, outside := range map[string]func(limit float64) bool{
		"MinValue": func(limit float64) bool { return n < limit },
		"MaxValue": func(limit float64) bool { return n > limit },
	} {
		bound := p.value.member(name)
		if bound == nil {
			continue
		}
		if limit, err := strconv.ParseFloat(bound.text, 64); err != nil || outside(limit) {
			return r.errorAt(value, "parameter %s is %s, its %s is %s", p.name, value.text, name, bound.text)
		}
	}
	return nil
}

// checkRules evaluates the section Rules: assertions over parameters that CloudFormation makes before it creates anything.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/rules-section-structure.html
func (r *resolver) checkRules() error {
	var errs []error
	for _, rule := range r.members("Rules") {
		if condition := rule.value.member("RuleCondition"); condition != nil {
			applies, err := r.test(condition)
			if errs = append(errs, err); !applies {
				continue
			}
		}
		for _, assertion := range rule.value.member("Assertions").items {
			holds, err := r.test(assertion.member("Assert"))
			if err == nil && !holds {
				description, _ := assertion.member("AssertDescription").value().(string)
				err = r.errorAt(assertion, "rule %s: %s", rule.name, description)
			}
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
