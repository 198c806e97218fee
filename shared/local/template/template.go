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

	"go.yaml.in/yaml/v4"
)

// Template is a template as it was read.
type Template struct {
	file     string
	sections map[string]*yaml.Node
}

// sections are those that a template may have. Parse refuses others.
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
	t := &Template{file: name, sections: map[string]*yaml.Node{}}
	var root yaml.Node
	var plain any // decoded for the duplicate names that only this finds
	if err := errors.Join(yaml.Unmarshal(content, &root), root.Decode(&plain)); err != nil {
		return nil, t.located(err)
	}
	var errs []error
	for name, value := range entries(&root) {
		if !slices.Contains(sections, name.Value) {
			errs = append(errs, t.errorAt(name, "section %s is not evaluated locally, want one of %v", name.Value, sections))
		}
		t.sections[name.Value] = value
	}
	for id, value := range entries(t.sections["Resources"]) {
		if text(value, "Type") == "" {
			errs = append(errs, t.errorAt(id, "resource %s has no Type", id.Value))
		}
	}
	if t.sections["Resources"] == nil {
		errs = append(errs, t.errorAt(&root, "got no mapping with Resources, want a template"))
	}
	return t, errors.Join(errs...)
}

// errorAt is an error with file and line, which a node without a place does not have.
func (t *Template) errorAt(at *yaml.Node, format string, args ...any) error {
	place := t.file
	if at != nil && at.Line > 0 {
		place = fmt.Sprintf("%s:%d", t.file, at.Line)
	}
	return fmt.Errorf("%s: %w", place, fmt.Errorf(format, args...))
}

// located puts file and line before what the YAML library found.
func (t *Template) located(err error) error {
	found, _ := errors.AsType[*yaml.LoadErrors](err)
	if one, ok := errors.AsType[*yaml.LoadError](err); ok && found == nil {
		found = &yaml.LoadErrors{Errors: []*yaml.LoadError{one}}
	}
	if found == nil {
		return t.errorAt(nil, "%w", err)
	}
	var errs []error
	for _, each := range found.Errors {
		errs = append(errs, t.errorAt(&yaml.Node{Line: each.Mark.Line}, "%s", each.Message))
	}
	return errors.Join(errs...)
}
