package template

import (
	"errors"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// readParameters gives every parameter its value: the override, else the default.
func (r *resolver) readParameters() error {
	var errs []error
	names := make([]string, 0, len(r.template.parameters))
	for _, p := range r.template.parameters {
		names = append(names, p.name)
		value, err := r.parameter(p)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		r.parameters[p.name] = value
	}
	for name := range r.settings.Parameters {
		if !slices.Contains(names, name) {
			errs = append(errs, &Error{File: r.template.file,
				Message: "there is no parameter " + name + "; the template has " + strings.Join(names, ", ")})
		}
	}
	return errors.Join(errs...)
}

func (r *resolver) parameter(p member) (*node, error) {
	value := p.value.member("Default")
	if override, ok := r.settings.Parameters[p.name]; ok {
		value = textNode(p.at, override)
	}
	if value == nil {
		return nil, r.errorAt(p.at, "parameter %s has no default and was given no value", p.name)
	}
	if !value.isScalar() {
		return nil, r.errorAt(value, "the default of parameter %s must be a string or a number, this is %s", p.name, value.kind)
	}
	if err := r.checkParameter(p, value); err != nil {
		return nil, err
	}
	switch kind := p.value.member("Type"); {
	case kind == nil:
		return nil, r.errorAt(p.at, "parameter %s has no Type", p.name)
	case kind.text == "String":
		return textNode(value, value.text), nil
	case kind.text == "Number":
		if _, err := strconv.ParseFloat(value.text, 64); err != nil {
			return nil, r.errorAt(value, "parameter %s must be a number, not %q", p.name, value.text)
		}
		return &node{kind: number, text: value.text, line: value.line, column: value.column}, nil
	case kind.text == "CommaDelimitedList":
		items := &node{kind: list, line: value.line, column: value.column}
		for item := range strings.SplitSeq(value.text, ",") {
			items.items = append(items.items, textNode(value, strings.TrimSpace(item)))
		}
		return items, nil
	default:
		return nil, r.errorAt(kind, "parameter %s has Type %s; known locally are String, Number and CommaDelimitedList", p.name, kind.text)
	}
}

// checkParameter holds a value against AllowedValues, AllowedPattern, MinValue, MaxValue, MinLength and MaxLength.
func (r *resolver) checkParameter(p member, value *node) error {
	if allowed := p.value.member("AllowedValues"); allowed != nil {
		known := make([]string, 0, len(allowed.items))
		for _, item := range allowed.items {
			known = append(known, item.text)
		}
		if !slices.Contains(known, value.text) {
			return r.errorAt(value, "parameter %s must be one of %s, not %q", p.name, strings.Join(known, ", "), value.text)
		}
	}
	if pattern := p.value.member("AllowedPattern"); pattern != nil {
		// CloudFormation matches the whole value, whether or not the pattern says so.
		compiled, err := regexp.Compile("^(?:" + pattern.text + ")$")
		if err != nil {
			return r.errorAt(pattern, "AllowedPattern of parameter %s: %v", p.name, err)
		}
		if !compiled.MatchString(value.text) {
			return r.errorAt(value, "parameter %s must match %s, %q does not", p.name, pattern.text, value.text)
		}
	}
	for _, bound := range []struct {
		name  string
		size  float64
		upper bool
	}{
		{"MinValue", numberOf(value.text), false},
		{"MaxValue", numberOf(value.text), true},
		{"MinLength", float64(len(value.text)), false},
		{"MaxLength", float64(len(value.text)), true},
	} {
		limit := p.value.member(bound.name)
		if limit == nil {
			continue
		}
		if least := numberOf(limit.text); bound.upper && bound.size > least || !bound.upper && bound.size < least {
			return r.errorAt(value, "parameter %s is %q, its %s is %s", p.name, value.text, bound.name, limit.text)
		}
	}
	return nil
}

// numberOf reads a number. What is none counts as 0: that it had to be one is reported elsewhere.
func numberOf(value string) float64 {
	n, _ := strconv.ParseFloat(value, 64)
	return n
}
