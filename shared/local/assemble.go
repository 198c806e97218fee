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
	s.Queues = queue.New(queue.Config{Account: Account, Region: Region, BaseURL: s.URL, Sent: s.States.Note})
	s.Email = email.New(email.Config{Account: Account, Region: Region, MinInterval: s.config.CallInterval, Observe: func(c email.Call) { tell(s, s.config.Observer.Call, c) }})
	s.Topics = topic.New(topic.Config{Account: Account, Region: Region, Endpoint: s.URL, Queue: s.sendTo, Rewrite: s.redirect})
	s.Bus = bus.New(bus.Config{Account: Account, Region: Region, Observe: s.event})
	s.Responses = response.New()
	s.Responses.Observe = func(a response.Answer) { s.reply(stackReply(a)) }
	s.Tables = table.New(Account, Region)
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
	s.Resources, err = parsed.Resolve(template.Settings{Account: Account, Region: Region, BaseURL: s.URL, Parameters: s.config.Parameters})
	if err != nil {
		return err
	}
	var missing []error
	if _, ok := s.Resources.Function(functionID); !ok {
		missing = append(missing, fmt.Errorf("%s has no function %s", s.config.Template, functionID))
	}
	for _, id := range []string{sourceID, deadLettersID} {
		if _, ok := s.Resources.Queue(id); !ok {
			missing = append(missing, fmt.Errorf("%s has no queue %s", s.config.Template, id))
		}
	}
	return errors.Join(missing...)
}

// addQueues makes the queues, and then sets their redrive policies, which need
// the dead-letter queues.
func (s *Stack) addQueues() error {
	for _, described := range s.Resources.Queues {
		attributes := maps.Clone(described.Attributes)
		delete(attributes, "RedrivePolicy")
		if _, err := s.Queues.Create(described.Name, attributes); err != nil {
			return fmt.Errorf("creating the queue %s: %w", described.Name, err)
		}
	}
	for _, described := range s.Resources.Queues {
		redrive, ok := described.Attributes["RedrivePolicy"]
		if !ok {
			continue
		}
		q, _ := s.Queues.LookupARN(described.ARN)
		if err := q.SetAttributes(context.Background(), map[string]string{"RedrivePolicy": redrive}); err != nil {
			return fmt.Errorf("the redrive policy of the queue %s: %w", described.Name, err)
		}
	}
	return nil
}

// addTables makes the tables. A ledger that the template does not create (its
// parameter LedgerTableName) is made too: there is no other here.
func (s *Stack) addTables() error {
	described := s.Resources.Tables
	if f, _ := s.Resources.Function(functionID); len(described) == 0 && f.Environment[ledgerVariable] != "" {
		described = []template.Table{{Name: f.Environment[ledgerVariable], PartitionKey: "PK", SortKey: "SK"}}
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
		send, ok := s.sendTo(described.Endpoint)
		if !ok {
			return fmt.Errorf("a subscription of %s goes to %s, which is not a queue of this template", described.TopicARN, described.Endpoint)
		}
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
		if !described.Enabled {
			continue
		}
		for _, arn := range described.Targets {
			target, ok := s.Queues.LookupARN(arn)
			if !ok {
				return fmt.Errorf("a target of the rule %s is %s, which is not a queue of this template", described.Name, arn)
			}
			err := s.Bus.AddRule(bus.Rule{
				Name: described.Name, EventBusName: described.EventBusName, EventPattern: described.EventPattern,
				Send: func(ctx context.Context, event string) error {
					return deliver(ctx, target, queue.Input{Body: event})
				},
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *Stack) addFunction() error {
	described, _ := s.Resources.Function(functionID)
	environment := maps.Clone(described.Environment)
	maps.Copy(environment, credentials)
	for _, service := range []string{"SES", "SQS", "SNS", "DYNAMODB", "EVENTBRIDGE", "SFN", "S3"} {
		environment["AWS_ENDPOINT_URL_"+service] = s.URL
	}
	maps.Copy(environment, s.config.Environment)
	s.environment = environment
	var err error
	s.Function, err = function.Start(function.Config{
		Bootstrap:           s.config.Bootstrap,
		Name:                described.Name,
		Account:             Account,
		Region:              Region,
		MemoryMB:            described.MemorySize,
		Timeout:             described.Timeout,
		ReservedConcurrency: described.ReservedConcurrency,
		Environment:         environment,
		Output:              s.readLine,
	})
	if err != nil {
		return err
	}
	for _, source := range described.EventSources {
		if !source.Enabled {
			continue
		}
		from, ok := s.Queues.LookupARN(source.QueueARN)
		if !ok {
			return fmt.Errorf("the event source %s is %s, which is not a queue of this template", source.Name, source.QueueARN)
		}
		each, err := mapping.New(mapping.Config{
			Queue:                   from,
			Function:                s.Function,
			FunctionTimeout:         described.Timeout,
			BatchSize:               source.BatchSize,
			Window:                  source.BatchingWindow,
			MaximumConcurrency:      source.MaximumConcurrency,
			ReportBatchItemFailures: source.ReportBatchItemFailures,
			Observe:                 s.observeMapping,
		})
		if err != nil {
			return fmt.Errorf("the event source %s: %w", source.Name, err)
		}
		s.mappings = append(s.mappings, each)
	}
	return nil
}
