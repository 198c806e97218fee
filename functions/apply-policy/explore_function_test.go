package main

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"sespolicy/shared/deadletter"
	"sespolicy/shared/guardrail"
	"sespolicy/shared/ledger"
)

// smallFunction is the real handler with the real SDK clients of SES and the
// response bucket. The handler keeps nothing between two batches but the time of
// its last call, so one of them plays all instances.
//
// What an invocation does next depends on its batch and on what it was told, and
// on nothing else. So each history is played once, and its next call is known
// from then on.
type smallFunction struct {
	t       *testing.T
	without protection
	handler *handler
	playing *recital
	name    string // the instance's, in the ledger
	known   map[string]smallCall
}

// stage passes the calls of the handler's clients on to the invocation.
type stage struct{ f *smallFunction }

func (s stage) BatchGetItem(ctx context.Context, in *dynamodb.BatchGetItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.BatchGetItemOutput, error) {
	return s.f.playing.BatchGetItem(ctx, in)
}

func (s stage) TransactWriteItems(ctx context.Context, in *dynamodb.TransactWriteItemsInput, _ ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	return s.f.playing.TransactWriteItems(ctx, in)
}

func (s stage) Query(ctx context.Context, in *dynamodb.QueryInput, _ ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error) {
	return s.f.playing.Query(ctx, in)
}

func (s stage) SendMessage(ctx context.Context, in *sqs.SendMessageInput, _ ...func(*sqs.Options)) (*sqs.SendMessageOutput, error) {
	return s.f.playing.SendMessage(ctx, in)
}

func (s stage) ChangeMessageVisibilityBatch(ctx context.Context, in *sqs.ChangeMessageVisibilityBatchInput, _ ...func(*sqs.Options)) (*sqs.ChangeMessageVisibilityBatchOutput, error) {
	return s.f.playing.ChangeMessageVisibilityBatch(ctx, in)
}

func (s stage) Do(r *http.Request) (*http.Response, error) { return s.f.playing.Do(r) }

func newSmallFunction(t *testing.T, without protection) *smallFunction {
	f := &smallFunction{t: t, without: without, known: map[string]smallCall{}}
	cfg := aws.Config{Region: "us-east-1", BaseEndpoint: aws.String("https://ses.test"), HTTPClient: stage{f}, Credentials: aws.AnonymousCredentials{}}
	env := testEnvironment(t, "https://sqs.test/123456789012/DeadLetterQueue", guardrail.Config{})
	env.MinCallInterval = time.Nanosecond
	f.handler = newHandler(env, cfg, slog.New(slog.DiscardHandler), io.Discard)
	same := f.handler.ledger.Same
	f.handler.ledger = ledger.New(stage{f}, env.LedgerTable)
	f.handler.ledger.Same = same
	f.handler.deadLetters = deadletter.New(stage{f}, env.DeadLetterQueueURL)
	f.handler.visibility = stage{f}
	f.learnName()
	return f
}

// learnName has the ledger write an intent, to see what it calls this instance.
func (f *smallFunction) learnName() {
	f.playing = &recital{history: []told{{fate: proceeds}}}
	defer func() {
		_ = recover() // it ends at the write
		f.name = f.playing.seen
	}()
	asked := ledger.Request{MessageID: "m", Action: ledger.Put, Identity: "example.com", PolicyName: "P", Text: "{}"}
	view, err := f.handler.ledger.Read(f.t.Context(), []ledger.Request{asked})
	if err != nil {
		f.t.Fatal(err)
	}
	_ = view.Intend(f.t.Context(), asked, view.Decide(asked, nil, time.Now()), time.Now(), time.Now())
}

// next is the call that an invocation makes after it was told that; text is both.
func (f *smallFunction) next(text string, batch []events.SQSMessage, history []told) smallCall {
	if c, ok := f.known[text]; ok {
		return c
	}
	f.playing = &recital{without: f.without, instance: f.name, history: history}
	c := f.play(batch)
	f.known[text] = c
	return c
}

// play runs the handler up to its next call, at the same time of day for all.
func (f *smallFunction) play(batch []events.SQSMessage) (next smallCall) {
	synctest.Test(f.t, func(t *testing.T) {
		defer func() {
			if thrown := recover(); thrown != nil {
				if _, ok := thrown.(death); !ok {
					panic(thrown)
				}
				next = f.playing.next
			}
		}()
		time.Sleep(time.Minute)
		ctx, cancel := context.WithDeadline(context.Background(), time.Now().Add(time.Minute))
		defer cancel()
		response, err := f.handler.handle(ctx, events.SQSEvent{Records: batch})
		if err != nil {
			t.Fatal(err)
		}
		next = smallCall{kind: "end", failed: map[string]bool{}}
		for _, failure := range response.BatchItemFailures {
			next.failed[failure.ItemIdentifier] = true
		}
	})
	return next
}
