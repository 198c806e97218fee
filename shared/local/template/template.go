// Package template reads the project's AWS SAM template, so that what runs locally has the numbers of what deploys: the
// function's timeout and environment, the queues' attributes, the event source mapping, topics, subscriptions and rules.
//
// It evaluates parameters, conditions, pseudo parameters and intrinsic functions, in their short and long forms. It does
// not deploy anything, knows no macros, nested stacks, imports or Globals, and leaves the checking of property names to
// cfn-lint. Resources that do not take part in local running (roles, alarms, dashboards) are still evaluated, so that a
// reference to nothing is found here and not at the first deployment.
//
// Physical names differ from a deployment: a resource is called by its logical id, with ".fifo" where SQS and SNS demand
// it. Explicit names in the template are ignored.
//
// It follows https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-reference.html and
// https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification.html
package template

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
)

// Template is a template as it was read, with the place of everything in it.
type Template struct {
	file       string
	parameters []member
	mappings   []member
	conditions map[string]*node
	resources  []resource
	outputs    []member
}

// resource is one entry of the section Resources, before its intrinsics are evaluated.
type resource struct {
	logicalID  string
	kind       string // its Type
	condition  string // the name of its Condition, if any
	properties *node
	at         *node // where its logical id stands
}

// Load reads a template file.
func Load(path string) (*Template, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the template: %w", err)
	}
	return Parse(path, content)
}

// Parse reads a template. The name stands in the errors, for the file's.
func Parse(name string, content []byte) (*Template, error) {
	root, err := readYAML(name, content)
	if err != nil {
		return nil, err
	}
	t := &Template{file: name, conditions: map[string]*node{}}
	if root.kind != object {
		return nil, t.errorAt(root, "a template is a mapping with Resources, this is %s", root.kind)
	}
	var errs []error
	for _, section := range root.members {
		errs = append(errs, t.readSection(section))
	}
	if len(t.resources) == 0 {
		errs = append(errs, t.errorAt(root, "the template has no Resources"))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return t, nil
}

// ignored are the sections that change nothing about what runs.
var ignored = []string{"AWSTemplateFormatVersion", "Transform", "Description", "Metadata"}

func (t *Template) readSection(section member) error {
	if slices.Contains(ignored, section.name) {
		return nil
	}
	if section.value.kind != object {
		return t.errorAt(section.value, "%s must be a mapping, this is %s", section.name, section.value.kind)
	}
	switch section.name {
	case "Parameters":
		t.parameters = section.value.members
	case "Mappings":
		t.mappings = section.value.members
	case "Conditions":
		for _, condition := range section.value.members {
			t.conditions[condition.name] = condition.value
		}
	case "Resources":
		return t.readResources(section.value.members)
	case "Outputs":
		t.outputs = section.value.members
	default:
		return t.errorAt(section.at, "section %s cannot be evaluated locally; known are %s, Parameters, Mappings, Conditions, Resources, Outputs",
			section.name, strings.Join(ignored, ", "))
	}
	return nil
}

func (t *Template) readResources(members []member) error {
	var errs []error
	for _, m := range members {
		kind := m.value.member("Type")
		if kind == nil || kind.kind != text {
			errs = append(errs, t.errorAt(m.at, "resource %s has no Type", m.name))
			continue
		}
		r := resource{logicalID: m.name, kind: kind.text, at: m.at, properties: m.value.member("Properties")}
		if r.properties == nil {
			r.properties = &node{kind: object, line: m.at.line, column: m.at.column}
		}
		if condition := m.value.member("Condition"); condition != nil {
			r.condition = condition.text
		}
		t.resources = append(t.resources, r)
	}
	return errors.Join(errs...)
}

func (t *Template) resource(logicalID string) (resource, bool) {
	for _, r := range t.resources {
		if r.logicalID == logicalID {
			return r, true
		}
	}
	return resource{}, false
}

func (t *Template) errorAt(at *node, format string, args ...any) error {
	return &Error{File: t.file, Line: at.line, Column: at.column, Message: fmt.Sprintf(format, args...)}
}

// Error is something wrong in a template, and where.
type Error struct {
	File         string
	Line, Column int // 1-based; 0 when no one place is to blame
	Message      string
}

func (e *Error) Error() string {
	if e.Line == 0 {
		return fmt.Sprintf("%s: %s", e.File, e.Message)
	}
	return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Column, e.Message)
}
