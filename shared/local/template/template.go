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
	"regexp"
	"slices"
	"strconv"
	"strings"

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

func (t *Template) errorAt(at *yaml.Node, format string, args ...any) error {
	e := &Error{File: t.file, Message: fmt.Sprintf(format, args...)}
	if at != nil {
		e.Line = at.Line
	}
	return e
}

// lineNumber begins a message of the YAML library.
var lineNumber = regexp.MustCompile(`^line (\d+): `)

// located turns the messages of the YAML library into errors of ours.
func (t *Template) located(err error) error {
	var errs []error
	for message := range strings.SplitSeq(err.Error(), "\n") {
		message = strings.TrimPrefix(strings.TrimSpace(message), "yaml: ")
		if message == "unmarshal errors:" {
			continue
		}
		e := &Error{File: t.file, Message: message}
		if found := lineNumber.FindStringSubmatch(message); found != nil {
			e.Line, _ = strconv.Atoi(found[1]) // it has digits only
			e.Message = message[len(found[0]):]
		}
		errs = append(errs, e)
	}
	return errors.Join(errs...)
}
