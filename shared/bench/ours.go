package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"sespolicy/shared/local"
	"sespolicy/shared/local/mapping"
	"sespolicy/shared/local/queue"
	"sespolicy/shared/local/template"
)

// stack is everything that template.yaml describes, on this machine, with the
// requests on its queue and nobody polling yet.
func stack(ctx context.Context, bootstrap string, seed uint64, requests []request, watch func(mapping.Event)) (*local.Stack, []string, error) {
	s, err := local.Start(ctx, local.Config{Bootstrap: bootstrap, Listen: "127.0.0.1:0", Paused: true, Observer: local.Observer{Mapping: watch}})
	if err != nil {
		return nil, nil, err
	}
	s.Email.SetFault(latencies(seed))
	var ids []string
	for _, r := range requests {
		id, err := s.Send(ctx, events.SQSMessage{Body: r.body()})
		if err != nil {
			s.Close()
			return nil, nil, err
		}
		ids = append(ids, id)
	}
	return s, ids, nil
}

// mapped has the event source mapping bring the requests to the function.
func mapped(name, bootstrap string) contender {
	return contender{name: name, drain: func(ctx context.Context, seed uint64) (d drained, err error) {
		s, ids, err := stack(ctx, bootstrap, seed, distinct(burst), func(e mapping.Event) { d.Billed += e.Result.Duration })
		if err != nil {
			return d, err
		}
		defer s.Close()
		begun := time.Now()
		s.Resume()
		if open := s.Await(ctx, ids...); len(open) > 0 {
			return d, fmt.Errorf("%d of %d requests have no outcome", len(open), len(ids))
		}
		d.finish(begun, s.Email.Calls())
		return d, nil
	}}
}

// batches hands the requests to the function in batches of at most so many, each
// when the one before is done and not before its own turn.
func batches(name, bootstrap string, requests []request, most int, every time.Duration) contender {
	return contender{name: name, drain: func(ctx context.Context, seed uint64) (d drained, err error) {
		s, _, err := stack(ctx, bootstrap, seed, requests, nil)
		if err != nil {
			return d, err
		}
		defer s.Close()
		begun := time.Now()
		for n := time.Duration(0); ; n++ {
			time.Sleep(time.Until(begun.Add(n * every)))
			messages, err := s.Source().Receive(ctx, queue.ReceiveOptions{MaxMessages: most, Wait: new(time.Duration)})
			if err != nil || len(messages) == 0 {
				break
			}
			took, err := invoke(ctx, s, messages)
			if err != nil {
				return d, err
			}
			d.Billed += took
		}
		d.finish(begun, s.Email.Calls())
		return d, ctx.Err()
	}}
}

// invoke hands the function one batch, which it must be done with.
func invoke(ctx context.Context, s *local.Stack, messages []queue.Message) (time.Duration, error) {
	var batch events.SQSEvent
	for _, m := range messages {
		batch.Records = append(batch.Records, events.SQSMessage{MessageId: m.ID, ReceiptHandle: m.ReceiptHandle, Body: m.Body,
			Attributes: m.SystemAttributes(), EventSourceARN: s.Source().ARN(), EventSource: "aws:sqs", AWSRegion: local.Region})
	}
	payload, err := json.Marshal(batch)
	if err != nil {
		return 0, err
	}
	result, err := s.Function.Invoke(ctx, payload)
	if err != nil {
		return 0, err
	}
	if string(result.Payload) != `{"batchItemFailures":[]}` {
		return 0, fmt.Errorf("the function answered %s", result.Payload)
	}
	for _, m := range messages {
		if err := s.Source().Delete(ctx, m.ReceiptHandle); err != nil {
			return 0, err
		}
	}
	return result.Duration, nil
}

// memorySize is the function's memory in MB, as the template has it.
func memorySize() (float64, error) {
	parsed, err := template.Load("template.yaml")
	if err != nil {
		return 0, err
	}
	resolved, err := parsed.Resolve(template.Settings{})
	if err != nil {
		return 0, err
	}
	function, ok := resolved.Function("ApplyPolicyFunction")
	if !ok {
		return 0, errors.New("template.yaml has no ApplyPolicyFunction")
	}
	return float64(function.MemorySize), nil
}
