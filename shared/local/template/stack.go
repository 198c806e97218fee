package template

import (
	"errors"
	"slices"

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

// Settings say where a stack runs, and with which parameters. Zero values stand for the local defaults.
type Settings struct {
	Account    string            // "" is 123456789012
	Region     string            // "" is us-east-1
	StackName  string            // "" is sespolicy
	BaseURL    string            // of queue URLs; "" is http://127.0.0.1:4566
	Parameters map[string]string // override the parameters' defaults
}

// Stack is what a template describes under given settings. Each list is in the template's order, without the resources
// whose condition is false.
type Stack struct {
	Functions     []Function
	Queues        []Queue
	Topics        []Topic
	Subscriptions []Subscription
	Rules         []Rule
	Tables        []Table
	Outputs       map[string]string
}

// Function finds a function by its name.
func (s *Stack) Function(name string) (Function, bool) {
	i := slices.IndexFunc(s.Functions, func(f Function) bool { return f.Name == name })
	if i < 0 {
		return Function{}, false
	}
	return s.Functions[i], true
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
	stack := &Stack{Outputs: map[string]string{}}
	var errs []error
	for _, each := range resources {
		if add, ok := readers[each.kind]; ok {
			errs = append(errs, t.located(add(stack, each)))
		}
	}
	for name, output := range entries(t.sections["Outputs"]) {
		if exists, err := r.exists(output); err != nil || !exists {
			errs = append(errs, err)
			continue
		}
		value, err := r.resolve(member(output, "Value"))
		errs = append(errs, err)
		stack.Outputs[name.Value] = text(value)
	}
	return stack, errors.Join(errs...)
}

// resource is a resource that exists under the settings, with its properties evaluated.
type resource struct {
	*Template
	name       string // its logical id
	kind       string // its Type
	ref, arn   string // what Ref and its attribute Arn give; no arn for types that have none here
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
		each := resource{Template: r.Template, name: id.Value, kind: kind, properties: &yaml.Node{Kind: yaml.MappingNode, Line: id.Line}}
		if slices.Contains(unread, kind) {
			errs = append(errs, r.errorAt(id, "%s (%s) does not run locally", id.Value, kind))
		}
		properties, err := r.resolve(member(value, "Properties"))
		errs = append(errs, err)
		if properties != nil {
			each.properties = properties
		}
		for name := range entries(each.properties) {
			if slices.Contains(unread, kind+"."+name.Value) {
				errs = append(errs, r.errorAt(name, "%s of %s does not run locally", name.Value, id.Value))
			}
		}
		ref, _ := r.attribute(id, id.Value, "")    // every resource has one
		arn, _ := r.attribute(id, id.Value, "Arn") // reported where it is referred to
		each.ref, each.arn = text(ref), text(arn)
		resources = append(resources, each)
	}
	return resources, errors.Join(errs...)
}
