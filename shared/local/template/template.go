// Package template reads the project's AWS SAM template, so that what runs locally has the numbers of what deploys: the
// function's timeout and environment, the queues' attributes, the event source mapping, the table, topics, subscriptions
// and rules.
//
// It evaluates parameters, rules, conditions, pseudo parameters and the intrinsic functions that template.yaml uses, in
// their short and long forms; any other section or function is an error with its line. It deploys nothing, and leaves the
// checking of property names to cfn-lint. Resources that do not run locally (roles, alarms, dashboards) are evaluated too,
// so that a reference to nothing is found before a deployment.
//
// A resource is called by its logical id; names in the template are ignored.
//
// It follows https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-reference.html and
// https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification.html
package template

import (
	"errors"
	"fmt"
	"os"
	"slices"
)

// Template is a template as it was read.
type Template struct {
	file     string
	sections map[string]*node
}

// sections are those that a template may have. Load refuses others.
var sections = []string{"AWSTemplateFormatVersion", "Transform", "Description", "Metadata", "Parameters", "Rules", "Conditions", "Resources", "Outputs"}

// Load reads a template file.
func Load(path string) (*Template, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the template: %w", err)
	}
	return Parse(path, content)
}

// Parse reads a template. The name stands for the file's in errors.
func Parse(name string, content []byte) (*Template, error) {
	root, err := readYAML(name, content)
	if err != nil {
		return nil, err
	}
	t := &Template{file: name, sections: map[string]*node{}}
	if root.kind != object {
		return nil, t.errorAt(root, "got %s, want a mapping with Resources", root.kind)
	}
	var errs []error
	for _, section := range root.members {
		if !slices.Contains(sections, section.name) {
			errs = append(errs, t.errorAt(section.at, "section %s is not evaluated locally, want one of %v", section.name, sections))
		}
		t.sections[section.name] = section.value
	}
	for _, r := range t.members("Resources") {
		if r.value.member("Type").value() == nil {
			errs = append(errs, t.errorAt(r.at, "resource %s has no Type", r.name))
		}
	}
	if len(t.members("Resources")) == 0 {
		errs = append(errs, t.errorAt(root, "the template has no Resources"))
	}
	return t, errors.Join(errs...)
}

// members are the entries of a section, none if the template lacks it.
func (t *Template) members(section string) []member {
	if n := t.sections[section]; n != nil {
		return n.members
	}
	return nil
}

func (t *Template) errorAt(at *node, format string, args ...any) error {
	return &Error{File: t.file, Line: at.line, Message: fmt.Sprintf(format, args...)}
}

// Error is something wrong in a template, and where.
type Error struct {
	File    string
	Line    int // 1-based; 0 if the error has no single place
	Message string
}

func (e *Error) Error() string {
	if e.Line == 0 {
		return e.File + ": " + e.Message
	}
	return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Message)
}
