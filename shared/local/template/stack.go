package template

import (
	"cmp"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// unread would change what runs, but is not read: types of resources, and properties of types. An error is better than a
// local stack that differs from the deployed one.
var unread = []string{
	"AWS::Lambda::Function", "AWS::Lambda::EventSourceMapping", "AWS::Serverless::SimpleTable", "AWS::Serverless::Application",
	"AWS::SQS::QueueInlinePolicy", "AWS::SNS::TopicInlinePolicy", "AWS::CloudFormation::Stack", "AWS::Events::EventBus",
	"AWS::SNS::Subscription.FilterPolicy", "AWS::Events::Rule.ScheduleExpression",
	"AWS::DynamoDB::Table.GlobalSecondaryIndexes", "AWS::DynamoDB::Table.LocalSecondaryIndexes",
}

// Settings are what differs between stacks of one template.
type Settings struct {
	BaseURL    string            // of queue URLs; "" is http://127.0.0.1:4566
	Parameters map[string]string // override the parameters' defaults
}

// Stack is what a template describes under given settings. Each list is in the template's order, without the resources
// whose condition is false.
type Stack struct {
	Functions     map[string]Function
	Queues        []Queue
	Topics        []Topic
	Subscriptions []Subscription
	Rules         []Rule
	Tables        []Table
	Outputs       map[string]string
}

// Function finds a function by its name.
func (s *Stack) Function(name string) (f Function, ok bool) {
	f, ok = s.Functions[name]
	return f, ok
}

// Queue finds a queue by its name.
func (s *Stack) Queue(name string) (Queue, bool) {
	i := slices.IndexFunc(s.Queues, func(q Queue) bool { return q.Name == name })
	if i < 0 {
		return Queue{}, false
	}
	return s.Queues[i], true
}

// Resolve evaluates the template. It reports everything that is wrong at once, parameters and rules first.
func (t *Template) Resolve(s Settings) (*Stack, error) {
	r, err := newResolver(t, s)
	if err != nil {
		return nil, err
	}
	resources, err := r.resources()
	if err != nil {
		return nil, err
	}
	stack := &Stack{Functions: map[string]Function{}, Outputs: map[string]string{}}
	var errs []error
	for _, each := range resources {
		if add, ok := readers[each.kind]; ok {
			errs = append(errs, add(stack, each))
		}
	}
	for name, output := range entries(t.sections["Outputs"]) {
		value, err := r.resolve(member(output, "Value"))
		errs = append(errs, err)
		stack.Outputs[name.Value] = text(value)
	}
	return stack, errors.Join(errs...)
}

// resource is a resource that exists under the settings, with its properties evaluated.
type resource struct {
	*resolver
	name       string // its logical id
	kind       string // its Type
	properties *yaml.Node
}

// resources evaluates the properties of every resource that exists under these settings.
func (r *resolver) resources() ([]resource, error) {
	var resources []resource
	var errs []error
	for id, value := range entries(r.sections["Resources"]) {
		kind, exists := r.types[id.Value]
		if !exists {
			continue
		}
		properties, err := r.resolve(member(value, "Properties"))
		errs = append(errs, err)
		if slices.Contains(unread, kind) {
			errs = append(errs, r.errorAt(id, "%s (%s) does not run locally", id.Value, kind))
		}
		for name := range entries(properties) {
			if slices.Contains(unread, kind+"."+name.Value) {
				errs = append(errs, r.errorAt(name, "%s of %s does not run locally", name.Value, id.Value))
			}
		}
		resources = append(resources, resource{r, id.Value, kind, properties})
	}
	return resources, errors.Join(errs...)
}

// attribute is what Fn::GetAtt gives, "" for an attribute that the resource does not have.
func (r resource) attribute(name string) string {
	value, _ := r.resolver.attribute(&yaml.Node{}, r.name, name)
	return text(value)
}

// read decodes the properties, or what stands at a path below them, into a struct with CloudFormation's names.
func (r resource) read(into any, path ...string) error {
	n := member(r.properties, path...)
	if n == nil {
		return nil
	}
	err := json.Unmarshal([]byte(toJSON(n)), into)
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		at := cmp.Or(member(n, strings.Split(wrong.Field, ".")...), n)
		return r.errorAt(at, "%s of %s is a %s, want %s", wrong.Field, r.name, wrong.Value, wrong.Type)
	}
	return err
}
