package template

import (
	"errors"
	"slices"
)

// The resource types that run locally. All others are evaluated and then left alone.
const (
	functionType     = "AWS::Serverless::Function"
	queueType        = "AWS::SQS::Queue"
	queuePolicyType  = "AWS::SQS::QueuePolicy"
	topicType        = "AWS::SNS::Topic"
	topicPolicyType  = "AWS::SNS::TopicPolicy"
	subscriptionType = "AWS::SNS::Subscription"
	ruleType         = "AWS::Events::Rule"
)

// unread would change what runs, but are not read: better an error than a local stack that differs from the deployed one.
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
	Parameters map[string]string // instead of the parameters' defaults
}

// Stack is what a template describes under given settings. Each list is in the template's order, without the resources
// whose condition is false.
type Stack struct {
	Functions []Function
	Queues    []Queue
	Topics    []Topic
	Rules     []Rule
	Outputs   map[string]string
}

// Resolve evaluates the template. It reports everything that is wrong at once.
func (t *Template) Resolve(s Settings) (*Stack, error) {
	r := newResolver(t, s)
	if err := r.readParameters(); err != nil {
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
	if err := errors.Join(b.errs...); err != nil {
		return nil, err
	}
	return b.stack, nil
}

// resources evaluates the properties of every resource that exists under these settings.
func (r *resolver) resources() ([]resource, error) {
	var resources []resource
	var errs []error
	for _, res := range r.template.resources {
		exists, err := r.active(res.condition, res.at)
		if err == nil && exists {
			res.properties, err = r.resolve(res.properties)
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
	}
	if slices.Contains(unread, res.kind) {
		b.fail(res.at, "%s (%s) is not run locally", res.logicalID, res.kind)
	}
}

// addPolicyOrSubscription adds what belongs to a queue or topic, once those are there.
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
	r := b.resolver
	for _, output := range r.template.outputs {
		condition := ""
		if c := output.value.member("Condition"); c != nil {
			condition = c.text
		}
		exists, err := r.active(condition, output.at)
		if err != nil {
			b.errs = append(b.errs, err)
			continue
		}
		value := output.value.member("Value")
		if !exists || value == nil {
			continue
		}
		resolved, err := r.resolve(value)
		if err != nil {
			b.errs = append(b.errs, err)
			continue
		}
		b.stack.Outputs[output.name] = resolved.text
	}
}

// name gives a resource's physical name, and one of its attributes.
func (b *builder) name(res resource, attribute string) (name, value string) {
	name, err := b.resolver.physicalName(res)
	if err != nil {
		b.errs = append(b.errs, err)
		return res.logicalID, ""
	}
	resolved, err := b.resolver.attribute(res.at, res.logicalID, attribute)
	if err != nil {
		b.errs = append(b.errs, err)
		return name, ""
	}
	return name, resolved.text
}

func (b *builder) fail(at *node, format string, args ...any) {
	b.errs = append(b.errs, b.resolver.errorAt(at, format, args...))
}

// Function finds a function by its logical id.
func (s *Stack) Function(logicalID string) (Function, bool) {
	for _, f := range s.Functions {
		if f.LogicalID == logicalID {
			return f, true
		}
	}
	return Function{}, false
}

// Queue finds a queue by its logical id.
func (s *Stack) Queue(logicalID string) (Queue, bool) {
	for _, q := range s.Queues {
		if q.LogicalID == logicalID {
			return q, true
		}
	}
	return Queue{}, false
}

// Topic finds a topic by its logical id.
func (s *Stack) Topic(logicalID string) (Topic, bool) {
	for _, t := range s.Topics {
		if t.LogicalID == logicalID {
			return t, true
		}
	}
	return Topic{}, false
}
