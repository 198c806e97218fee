package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"sespolicy/shared/local/queue"
	"sespolicy/shared/local/wire"
	"sespolicy/shared/redrive"
)

// redriveLetters has an operator put letters back now and then, without a look at
// what the ledger says of them.
func (s *simulation) redriveLetters() {
	if !s.scenario.redrives {
		return
	}
	client := sqs.NewFromConfig(aws.Config{Region: "us-east-1", BaseEndpoint: aws.String(endpoint), HTTPClient: operator{s},
		Credentials: credentials.NewStaticCredentialsProvider("a", "b", "")})
	for range 1 + s.dice.intN("redrives", 3) {
		time.Sleep(s.dice.between("redrive after", time.Minute, 40*time.Minute))
		_, err := redrive.Redrive{
			Client: client, From: redrive.Queue{URL: s.dead.URL()}, To: redrive.Queue{URL: s.source.URL()}, Rate: redrive.MaxRate,
			Told: func(context.Context, []*redrive.Letter) func(*redrive.Letter) bool {
				return func(*redrive.Letter) bool { return s.dice.chance("redrive leaves", 0.5) }
			},
		}.Run(s.t.Context())
		if err != nil {
			s.note("", "the redrive ends early: %v", err) // a letter that could not be deleted is on both queues
		}
	}
}

// operator is the way of an operator's calls to the queues.
type operator struct{ s *simulation }

// Do makes a call, and notes what was sent before it is delivered.
func (o operator) Do(request *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return nil, err
	}
	request.Body = io.NopCloser(bytes.NewReader(body))
	response, err := wire.Client{Handler: o.s.queues}.Do(request)
	if err != nil || !strings.HasSuffix(request.Header.Get("X-Amz-Target"), ".SendMessage") || response.StatusCode != http.StatusOK {
		return response, err
	}
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	response.Body = io.NopCloser(bytes.NewReader(answer))
	var sent struct {
		MessageAttributes struct{ SourceMessageID struct{ StringValue string } }
	}
	var taken struct{ MessageID string }
	if err := errors.Join(json.Unmarshal(body, &sent), json.Unmarshal(answer, &taken)); err != nil {
		return nil, err
	}
	o.s.putBack(sent.MessageAttributes.SourceMessageID.StringValue, taken.MessageID)
	return response, nil
}

// putBack notes a letter that is a message again, while it is on both queues.
func (s *simulation) putBack(source, id string) {
	letters := s.dead.Snapshot()
	s.mu.Lock()
	s.seen = append(s.seen, letters...)
	of := s.byID[source]
	again := *of
	again.first, again.redriven, again.counts = of.origin(), true, nil
	again.id, again.sent, again.sentAt = id, time.Now().UnixMilli(), time.Since(s.began)
	s.asked = append(s.asked, &again)
	s.byID[id] = &again
	s.mu.Unlock()
	s.note(again.key(), "redriven %v", &again)
}

// everyLetter are the letters that are on the dead-letter queue, and those that
// were, each once: SQS may have copied it.
func (s *simulation) everyLetter() []queue.Message {
	seen := map[string]bool{}
	return slices.DeleteFunc(append(s.dead.Snapshot(), s.seen...), func(m queue.Message) bool {
		before := seen[m.ID]
		seen[m.ID] = true
		return before
	})
}

// wasRedriven reports whether a letter of the request was put back.
func (s *simulation) wasRedriven(a *asked) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.ContainsFunc(s.asked, func(b *asked) bool { return b.redriven && b.origin() == a.origin() })
}
