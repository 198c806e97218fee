package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/spf13/cobra"

	"sespolicy/shared/identity"
	"sespolicy/shared/ledger"
	"sespolicy/shared/redrive"
)

// queues are the queues that a dlq command is about, and the client to use them.
type queues struct {
	client                *sqs.Client
	requests, deadLetters redrive.Queue
	deployment            deployment // of the request queue, as far as it is known
	ledger                *ledger.Ledger
	noLedger              error // why there is none
}

// open finds the dead-letter queue, and the request queue if it is used.
func (t *target) open(ctx context.Context, uses part) (*queues, error) {
	f, err := t.find(ctx)
	if err != nil {
		return nil, err
	}
	q := &queues{client: sqs.NewFromConfig(f.config)}
	if f.deadLetters == "" {
		return nil, withHint(errors.New("no dead-letter queue is named"), "give --stack NAME, --local, or --dead-letter-queue")
	}
	if q.deadLetters, err = q.withARN(ctx, f.queue(f.deadLetters)); err != nil {
		return nil, err
	}
	q.ledger, q.noLedger = f.openLedger()
	if uses&requestQueue == 0 {
		return q, nil
	}
	source := f.QueueURL
	if source == "" {
		if source, err = q.sourceOf(ctx, q.deadLetters); err != nil {
			return nil, err
		}
	}
	if q.requests, err = q.withARN(ctx, f.queue(source)); err != nil {
		return nil, err
	}
	f.QueueURL, f.QueueARN = q.requests.URL, q.requests.ARN
	owner, _ := identity.ParseOwner(f.QueueARN) // SQS gave it
	f.Account, f.Region = owner.Account, owner.Region
	q.deployment = f.deployment
	return q, nil
}

// withARN asks for the ARN of a queue whose URL does not tell it.
func (q *queues) withARN(ctx context.Context, queue redrive.Queue) (redrive.Queue, error) {
	if queue.ARN != "" {
		return queue, nil
	}
	out, err := q.client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{
		QueueUrl: aws.String(queue.URL), AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameQueueArn},
	})
	if err != nil {
		return queue, fmt.Errorf("looking for the queue %s: %w", queue.URL, err)
	}
	queue.ARN = out.Attributes[string(types.QueueAttributeNameQueueArn)]
	return queue, nil
}

// sourceOf is the one queue whose dead-letter queue this is.
func (q *queues) sourceOf(ctx context.Context, deadLetters redrive.Queue) (string, error) {
	out, err := q.client.ListDeadLetterSourceQueues(ctx, &sqs.ListDeadLetterSourceQueuesInput{QueueUrl: aws.String(deadLetters.URL)})
	if err != nil {
		return "", fmt.Errorf("asking for the source queue of %s: %w", deadLetters.URL, err)
	}
	if len(out.QueueUrls) != 1 {
		return "", withHint(fmt.Errorf("%s is the dead-letter queue of %d queues, one was expected", deadLetters.URL, len(out.QueueUrls)),
			"name the request queue with --queue")
	}
	return out.QueueUrls[0], nil
}

// look looks at the dead letters and makes them visible again.
func (q *queues) look(command *cobra.Command, filter redrive.Filter) (*redrive.Look, error) {
	look, err := redrive.Find(command.Context(), q.client, q.deadLetters, filter, sayWaiting(command.ErrOrStderr()))
	return look, errors.Join(err, look.Release(command.Context()))
}

// know asks the ledger about letters. If it cannot be read, that is said on errs.
func (q *queues) know(ctx context.Context, errs io.Writer, letters []*redrive.Letter) redrive.Knowledge {
	if len(letters) == 0 {
		return redrive.Knowledge{}
	}
	err := q.noLedger
	if err == nil {
		var known redrive.Knowledge
		if known, err = redrive.Know(ctx, q.ledger, letters); err == nil {
			return known
		}
	}
	showError(errs, "what the ledger knows is not shown: ", errors.New(oneLine(err.Error())), hintOf(err))
	return nil
}

// sayWaiting says that a look waits for hidden letters.
func sayWaiting(errs io.Writer) func(letters int, until time.Time) {
	return func(letters int, until time.Time) {
		_, _ = fmt.Fprintf(errs, "waiting until %s at most for about %s that SQS counts and does not deliver yet\n",
			until.Local().Format(time.TimeOnly), count(letters, "letter"))
	}
}
