package producer_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	snstypes "github.com/aws/aws-sdk-go-v2/service/sns/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"sespolicy/shared/producer"
)

// taker is SQS as far as a batch goes: it remembers what it took.
type taker struct {
	fail    func(call int, body string) *types.BatchResultErrorEntry
	batches [][]string // the bodies of each call
	taken   []string
}

func (q *taker) SendMessageBatch(_ context.Context, in *sqs.SendMessageBatchInput, _ ...func(*sqs.Options)) (*sqs.SendMessageBatchOutput, error) {
	out := &sqs.SendMessageBatchOutput{}
	var bodies []string
	for _, e := range in.Entries {
		bodies = append(bodies, *e.MessageBody)
		if q.fail != nil {
			if failed := q.fail(len(q.batches), *e.MessageBody); failed != nil {
				failed.Id = e.Id
				out.Failed = append(out.Failed, *failed)
				continue
			}
		}
		q.taken = append(q.taken, *e.MessageBody)
		out.Successful = append(out.Successful, types.SendMessageBatchResultEntry{Id: e.Id, MessageId: aws.String("m-" + *e.MessageBody)})
	}
	q.batches = append(q.batches, bodies)
	return out, nil
}

func requests(n int) []producer.Request {
	all := make([]producer.Request, n)
	for i := range all {
		all[i].Body = fmt.Sprint(i)
	}
	return all
}

// PublishBatch is SNS, to the same end.
func (q *taker) PublishBatch(ctx context.Context, in *sns.PublishBatchInput, _ ...func(*sns.Options)) (*sns.PublishBatchOutput, error) {
	batch := &sqs.SendMessageBatchInput{}
	for _, e := range in.PublishBatchRequestEntries {
		batch.Entries = append(batch.Entries, types.SendMessageBatchRequestEntry{Id: e.Id, MessageBody: e.Message})
	}
	answer, err := q.SendMessageBatch(ctx, batch)
	out := &sns.PublishBatchOutput{}
	for _, sent := range answer.Successful {
		out.Successful = append(out.Successful, snstypes.PublishBatchResultEntry{Id: sent.Id, MessageId: sent.MessageId})
	}
	for _, failed := range answer.Failed {
		out.Failed = append(out.Failed, snstypes.BatchResultErrorEntry{Id: failed.Id, Code: failed.Code, SenderFault: failed.SenderFault})
	}
	return out, err
}

func send(ctx context.Context, q *taker, all []producer.Request) (told []string, err error) {
	return sendTo(ctx, producer.Queue{Client: q, URL: "u"}, all)
}

func sendTo(ctx context.Context, to producer.Destination, all []producer.Request) (told []string, err error) {
	told = make([]string, len(all))
	err = producer.Send(ctx, to, all, func(i int, id string) { told[i] = id })
	return told, err
}

func lengths(batches [][]string) []int {
	var all []int
	for _, b := range batches {
		all = append(all, len(b))
	}
	return all
}

func TestBatches(t *testing.T) {
	big := requests(4)
	for i := range big {
		big[i].Body = strings.Repeat(fmt.Sprint(i), 300<<10)
	}
	withAttribute := requests(2)
	withAttribute[0].Body = strings.Repeat("x", 1<<20-10)
	withAttribute[1].Attributes = map[string]types.MessageAttributeValue{"a": {DataType: aws.String("String"), StringValue: aws.String("vv")}}
	for name, test := range map[string]struct {
		requests []producer.Request
		want     []int
	}{
		"none":                            {nil, nil},
		"ten":                             {requests(10), []int{10}},
		"more":                            {requests(25), []int{10, 10, 5}},
		"1 MiB":                           {big, []int{3, 1}},
		"1 MiB, with an attribute's size": {withAttribute, []int{2}},
	} {
		q := &taker{}
		told, err := send(t.Context(), q, test.requests)
		if err != nil || !slices.Equal(lengths(q.batches), test.want) {
			t.Errorf("%s: batches of %v, want %v; %v", name, lengths(q.batches), test.want, err)
		}
		for i, r := range test.requests {
			if told[i] != "m-"+r.Body {
				t.Errorf("%s: request %d was told as %.20s", name, i, told[i])
			}
		}
	}
	withAttribute[1].Attributes["b"] = withAttribute[1].Attributes["a"]
	if q := (&taker{}); true {
		if _, err := send(t.Context(), q, withAttribute); err != nil || !slices.Equal(lengths(q.batches), []int{1, 1}) {
			t.Errorf("9 bytes more: batches of %v, %v", lengths(q.batches), err)
		}
	}
}

func TestWhatSQSCouldNotTakeIsSentAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := &taker{fail: func(call int, body string) *types.BatchResultErrorEntry {
			if call < 3 && (body == "3" || body == "5") {
				return &types.BatchResultErrorEntry{Code: aws.String("ServiceUnavailable")}
			}
			return nil
		}}
		began := time.Now()
		told, err := send(t.Context(), q, requests(12))
		if err != nil || !slices.Equal(lengths(q.batches), []int{10, 2, 2, 2, 2}) || slices.Contains(told, "") {
			t.Errorf("batches of %v, told %q, %v", lengths(q.batches), told, err)
		}
		if took := time.Since(began); took != 1402*time.Millisecond {
			t.Errorf("took %v", took)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		q := &taker{fail: func(int, string) *types.BatchResultErrorEntry { return &types.BatchResultErrorEntry{} }}
		began := time.Now()
		if _, err := send(t.Context(), q, requests(12)); err == nil || len(q.batches) != 5 || time.Since(began) != 3*time.Second {
			t.Errorf("%d calls in %v, %v", len(q.batches), time.Since(began), err)
		}
	})
}

// A topic takes 256 KiB, and its answers mean the same.
func TestTopic(t *testing.T) {
	big := requests(3)
	for i := range big {
		big[i].Body = strings.Repeat(fmt.Sprint(i), 100<<10)
	}
	q := &taker{}
	told, err := sendTo(t.Context(), producer.Topic{Client: q, ARN: "t"}, big)
	if err != nil || !slices.Equal(lengths(q.batches), []int{2, 1}) || slices.Contains(told, "") {
		t.Errorf("batches of %v, %v", lengths(q.batches), err)
	}
	q = &taker{fail: func(int, string) *types.BatchResultErrorEntry {
		return &types.BatchResultErrorEntry{Code: aws.String("InvalidParameter"), SenderFault: true}
	}}
	_, err = sendTo(t.Context(), producer.Topic{Client: q, ARN: "t"}, requests(1))
	if refused, ok := errors.AsType[*producer.RefusedError](err); !ok || refused.Code != "InvalidParameter" {
		t.Errorf("got %v", err)
	}
}

func TestWhatSQSRefusesStopsIt(t *testing.T) {
	q := &taker{fail: func(_ int, body string) *types.BatchResultErrorEntry {
		if body == "7" {
			return &types.BatchResultErrorEntry{Code: aws.String("InvalidMessageContents"), SenderFault: true}
		}
		return nil
	}}
	_, err := send(t.Context(), q, requests(25))
	refused, ok := errors.AsType[*producer.RefusedError](err)
	if !ok || refused.Position != 7 || refused.Code != "InvalidMessageContents" || len(q.batches) != 1 || len(q.taken) != 9 {
		t.Errorf("%v after %v", err, q.batches)
	}
}

func TestAnInterruptionEndsBetweenBatches(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	q := &taker{fail: func(call int, _ string) *types.BatchResultErrorEntry {
		if call == 1 {
			cancel()
		}
		return nil
	}}
	told, err := send(ctx, q, requests(30))
	if !errors.Is(err, context.Canceled) || len(q.taken) != 20 || told[19] == "" || told[20] != "" {
		t.Errorf("%d taken, %v", len(q.taken), err)
	}
}

// Requests with the same key go in batches of their own, at least a millisecond
// apart, so that SQS's SentTimestamp orders them.
func TestRequestsAboutTheSamePolicyAreSentApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var requests []producer.Request
		for _, key := range []string{"a", "b", "a", "a", "", "", "b"} {
			requests = append(requests, producer.Request{Body: "body", Key: key})
		}
		at := map[int]time.Time{}
		if err := producer.Send(t.Context(), producer.Queue{Client: &taker{}, URL: "u"}, requests, func(i int, _ string) { at[i] = time.Now() }); err != nil {
			t.Fatal(err)
		}
		for _, pair := range [][2]int{{0, 2}, {2, 3}, {1, 6}} {
			if apart := at[pair[1]].Sub(at[pair[0]]); apart < time.Millisecond {
				t.Errorf("requests %d and %d were sent %v apart", pair[0], pair[1], apart)
			}
		}
	})
}
