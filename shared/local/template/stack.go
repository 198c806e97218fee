package template

import (
	"errors"
	"slices"
)

// The resource types that run locally. All others are evaluated and then ignored.
const (
	functionType     = "AWS::Serverless::Function"
	queueType        = "AWS::SQS::Queue"
	queuePolicyType  = "AWS::SQS::QueuePolicy"
	topicType        = "AWS::SNS::Topic"
	topicPolicyType  = "AWS::SNS::TopicPolicy"
	subscriptionType = "AWS::SNS::Subscription"
	ruleType         = "AWS::Events::Rule"
	tableType        = "AWS::DynamoDB::Table"
)

// unread would change what runs, but is not read: an error is better than a local stack that differs from the deployed one.
var unread = []string{
	"AWS::Lambda::Function", "AWS::Lambda::EventSourceMapping", "AWS::Serverless::SimpleTable", "AWS::Serverless::Application",
	"AWS::SQS::QueueInlinePolicy", "AWS::SNS::TopicInlinePolicy", "AWS::CloudFormation::Stack", "AWS::Events::EventBus",
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
	Functions []Function
	Queues    []Queue
	Topics    []Topic
	Rules     []Rule
	Tables    []Table
	Outputs   map[string]string
}

// resource is an entry of the section Resources that exists under the settings, with its properties evaluated.
type resource struct {
	logicalID  string
	kind       string // its Type
	at         *node  // where its logical id stands
	properties *node
}

// Resolve evaluates the template. It reports everything that is wrong at once, parameters and rules first.
func (t *Template) Resolve(s Settings) (*Stack, error) {
	r := newResolver(t, s)
	if err := r.readParameters(); err != nil {
		return nil, err
	}
	if err := r.checkRules(); err != nil {
		return nil, err
	}
	resources, err := r.resources()
	if err != nil {
		return nil, err
	}
	b := builder{resolver: r, stack: &Stack{Outputs: map[string]string{}}}
	for _, add := range []func(resource){b.addResource, b.addPolicyOrSubscription} {
		for _, res := range resources {
			add(res)
		}
	}
	b.addOutputs()
	return b.stack, errors.Join(b.errs...)
}

// resources evaluates the properties of every resource that exists under these settings.
func (r *resolver) resources() ([]resource, error) {
	var resources []resource
	var errs []error
	for _, m := range r.members("Resources") {
		kind, _ := m.value.member("Type").value().(string)
		condition, _ := m.value.member("Condition").value().(string)
		exists, err := r.condition(condition, m.at)
		if err == nil && exists {
			res := resource{logicalID: m.name, kind: kind, at: m.at, properties: &node{kind: object, line: m.at.line}}
			if properties := m.value.member("Properties"); properties != nil {
				res.properties, err = r.resolve(properties)
			}
			resources = append(resources, res)
		}
		errs = append(errs, err)
	}
	return resources, errors.Join(errs...)
}

// builder turns evaluated resources into typed ones.
type builder struct {
	resolver *resolver
	stack    *Stack
	errs     []error
}

func (b *builder) addResource(res resource) {
	p := b.properties(res.properties)
	switch res.kind {
	case functionType:
		b.stack.Functions = append(b.stack.Functions, b.function(res, p))
	case queueType:
		b.stack.Queues = append(b.stack.Queues, b.queue(res, p))
	case topicType:
		b.stack.Topics = append(b.stack.Topics, b.topic(res, p))
	case ruleType:
		b.stack.Rules = append(b.stack.Rules, b.rule(res, p))
	case tableType:
		b.stack.Tables = append(b.stack.Tables, b.table(res, p))
	}
	if slices.Contains(unread, res.kind) {
		b.fail(res.at, "%s (%s) does not run locally", res.logicalID, res.kind)
	}
}

// addPolicyOrSubscription adds what belongs to a queue or topic, once all of those are known.
func (b *builder) addPolicyOrSubscription(res resource) {
	p := b.properties(res.properties)
	switch res.kind {
	case queuePolicyType:
		b.queuePolicy(p)
	case topicPolicyType:
		b.topicPolicy(p)
	case subscriptionType:
		b.subscription(p)
	}
}

func (b *builder) addOutputs() {
	for _, output := range b.resolver.members("Outputs") {
		condition, _ := output.value.member("Condition").value().(string)
		exists, err := b.resolver.condition(condition, output.at)
		if value := output.value.member("Value"); err == nil && exists && value != nil {
			var resolved *node
			if resolved, err = b.resolver.resolve(value); err == nil {
				b.stack.Outputs[output.name] = resolved.text
			}
		}
		if err != nil {
			b.errs = append(b.errs, err)
		}
	}
}

// attribute is an attribute of a resource that was just read.
func (b *builder) attribute(res resource, name string) string {
	resolved, err := b.resolver.attribute(res.at, res.logicalID, name)
	if err != nil {
		b.errs = append(b.errs, err)
		return ""
	}
	return resolved.text
}

func (b *builder) fail(at *node, format string, args ...any) {
	b.errs = append(b.errs, b.resolver.errorAt(at, format, args...))
}

// Function finds a function by its logical id.
func (s *Stack) Function(logicalID string) (Function, bool) {
	i := slices.IndexFunc(s.Functions, func(f Function) bool { return f.LogicalID == logicalID })
	if i < 0 {
		return Function{}, false
	}
	return s.Functions[i], true
}

// Queue finds a queue by its logical id.
func (s *Stack) Queue(logicalID string) (Queue, bool) {
	i := slices.IndexFunc(s.Queues, func(q Queue) bool { return q.LogicalID == logicalID })
	if i < 0 {
		return Queue{}, false
	}
	return s.Queues[i], true
}
