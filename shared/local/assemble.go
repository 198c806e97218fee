package local

import (
	"context"
	"errors"
	"fmt"
	"maps"

	"sespolicy/shared/local/bus"
	"sespolicy/shared/local/email"
	"sespolicy/shared/local/function"
	"sespolicy/shared/local/mapping"
	"sespolicy/shared/local/queue"
	"sespolicy/shared/local/response"
	"sespolicy/shared/local/states"
	"sespolicy/shared/local/table"
	"sespolicy/shared/local/template"
	"sespolicy/shared/local/topic"
)

// assemble makes the parts that the template describes, without starting them.
func (s *Stack) assemble(ctx context.Context) error {
	if err := s.describe(); err != nil {
		return err
	}
	if err := s.checkEnvironment(); err != nil {
		return err
	}
	if s.config.Bootstrap == "" && s.config.Build != nil {
		var err error
		if s.config.Bootstrap, err = s.config.Build(ctx); err != nil {
			return err
		}
	}
	s.States = states.New()
	s.States.Observe = func(a states.Answer) { s.reply(taskReply(a)) }
	s.Queues = queue.New(queue.Config{BaseURL: s.URL, Sent: s.States.Note})
	s.Email = email.New(email.Config{MinInterval: s.config.CallInterval, Observe: func(c email.Call) { tell(s, s.config.Observer.Call, c) }})
	s.Topics = topic.New(topic.Config{Endpoint: s.URL, Queue: s.sendTo, Rewrite: s.redirect})
	s.Bus = bus.New()
	s.Bus.Observe = s.event
	s.Responses = response.New()
	s.Responses.Observe = func(a response.Answer) { s.reply(stackReply(a)) }
	s.Tables = table.New()
	for _, add := range []func() error{s.addTables, s.addQueues, s.addTopics, s.addRules, s.addFunction} {
		if err := add(); err != nil {
			return err
		}
	}
	if s.config.Page != nil {
		s.page = s.config.Page(s)
	}
	return nil
}

// describe reads the template.
func (s *Stack) describe() error {
	parsed, err := template.Load(s.config.Template)
	if err != nil {
		return err
	}
	s.Resources, err = parsed.Resolve(template.Settings{BaseURL: s.URL, Parameters: s.config.Parameters})
	if err != nil {
		return err
	}
	var missing []error
	var ok bool
	if s.described, ok = s.Resources.Function(functionID); !ok || len(s.described.EventSources) != 1 {
		missing = append(missing, fmt.Errorf("%s has no function %s with one event source", s.config.Template, functionID))
	}
	for _, id := range []string{sourceID, deadLettersID} {
		if _, ok := s.Resources.Queue(id); !ok {
			missing = append(missing, fmt.Errorf("%s has no queue %s", s.config.Template, id))
		}
	}
	return errors.Join(missing...)
}

// addQueues makes the queues, those with a redrive policy after the dead-letter
// queues that it names.
func (s *Stack) addQueues() error {
	for _, second := range []bool{false, true} {
		for _, described := range s.Resources.Queues {
			if _, redrives := described.Attributes["RedrivePolicy"]; redrives != second {
				continue
			}
			if _, err := s.Queues.Create(described.Name, described.Attributes); err != nil {
				return fmt.Errorf("creating the queue %s: %w", described.Name, err)
			}
		}
	}
	return nil
}

// queue is the queue that something in the template refers to.
func (s *Stack) queue(arn, by string) (*queue.Queue, error) {
	q, ok := s.Queues.LookupARN(arn)
	if !ok {
		return nil, fmt.Errorf("%s refers to %s, which is not a queue of this template", by, arn)
	}
	return q, nil
}

// addTables makes the tables. A ledger that the template does not create (its
// parameter LedgerTableName) is made too: there is no other here.
func (s *Stack) addTables() error {
	described := s.Resources.Tables
	if name := s.described.Environment["LEDGER_TABLE"]; len(described) == 0 && name != "" {
		described = []template.Table{{Name: name, PartitionKey: "PK", SortKey: "SK"}}
	}
	for _, each := range described {
		if err := s.Tables.Create(each.Name, each.PartitionKey, each.SortKey); err != nil {
			return err
		}
	}
	return nil
}

func (s *Stack) addTopics() error {
	for _, described := range s.Resources.Topics {
		if err := s.Topics.SetSignatureVersion(s.Topics.Create(described.Name), described.SignatureVersion); err != nil {
			return fmt.Errorf("the topic %s: %w", described.Name, err)
		}
	}
	for _, described := range s.Resources.Subscriptions {
		if _, err := s.queue(described.Endpoint, "a subscription of "+described.TopicARN); err != nil {
			return err
		}
		send, _ := s.sendTo(described.Endpoint)
		_, err := s.Topics.Subscribe(topic.Subscription{
			TopicARN: described.TopicARN, QueueARN: described.Endpoint, Raw: described.RawMessageDelivery, Send: send,
		})
		if err != nil {
			return fmt.Errorf("subscribing to %s: %w", described.TopicARN, err)
		}
	}
	return nil
}

// sendTo is how a topic sends to the queue of an ARN.
func (s *Stack) sendTo(queueARN string) (topic.Send, bool) {
	target, ok := s.Queues.LookupARN(queueARN)
	return func(ctx context.Context, m topic.Message) error {
		return deliver(ctx, target, queue.Input{Body: m.Body, Attributes: m.Attributes, GroupID: m.MessageGroupID, TraceHeader: m.TraceHeader})
	}, ok
}

func (s *Stack) addRules() error {
	for _, described := range s.Resources.Rules {
		for _, each := range described.Targets {
			target, err := s.queue(each.ARN, "a target of the rule "+described.Name)
			if err != nil {
				return err
			}
			err = s.Bus.AddRule(bus.Rule{
				Name: described.Name, EventBusName: described.EventBusName, EventPattern: string(described.EventPattern),
				Send: func(ctx context.Context, event string) error { return deliver(ctx, target, queue.Input{Body: event}) },
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *Stack) addFunction() error {
	s.environment = maps.Clone(s.described.Environment)
	maps.Copy(s.environment, credentials)
	for _, service := range []string{"SES", "SQS", "SNS", "DYNAMODB", "EVENTBRIDGE", "SFN", "S3"} {
		s.environment["AWS_ENDPOINT_URL_"+service] = s.URL
	}
	maps.Copy(s.environment, s.config.Environment)
	var err error
	s.Function, err = function.Start(function.Config{
		Bootstrap: s.config.Bootstrap, Name: s.described.Name,
		MemoryMB: s.described.MemorySize, Timeout: s.described.Timeout, ReservedConcurrency: s.described.ReservedConcurrency,
		Environment: s.environment, Output: s.readLine,
	})
	if err != nil {
		return err
	}
	source := s.described.EventSources[0]
	from, err := s.queue(source.QueueARN, "the event source "+source.Name)
	if err != nil {
		return err
	}
	s.mapping, err = mapping.New(mapping.Config{
		Queue: from, Function: s.Function, FunctionTimeout: s.described.Timeout, BatchSize: source.BatchSize,
		MaximumConcurrency: source.MaximumConcurrency, ReportBatchItemFailures: source.ReportBatchItemFailures,
		Observe: s.observeMapping,
	})
	if err != nil {
		return fmt.Errorf("the event source %s: %w", source.Name, err)
	}
	return nil
}
