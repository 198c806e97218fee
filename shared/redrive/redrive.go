package redrive

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"golang.org/x/time/rate"
)

const (
	// margin is how long a letter stays held beyond its turn.
	margin = 2 * time.Minute
	// handTime is how long the letter in hand is held: for a send and a delete
	// with all their attempts.
	handTime = 3 * callTimeout
	// MaxRate is the most letters a second: SQS's own limit for moving messages.
	MaxRate = 500
)

// Redrive puts letters back, one by one and the oldest first: a copy goes to
// the source queue, and only then is the letter deleted. So none is lost
// whatever happens, and an interruption leaves none on both queues, because the
// letter in hand is finished first.
//
// If the program is killed between the two steps, that one letter is on both
// queues. Redriving it again within five minutes makes no second copy on a FIFO
// queue, which knows the copy by the letter's id. On a standard queue it makes
// one, and the second puts the same policy again.
//
// The copy has the body byte for byte and the sender's own attributes. A letter
// whose asker was told of the failure is left where it is: the function would
// refuse it, and the letter would lose the reason it has.
type Redrive struct {
	Client *sqs.Client
	From   Queue // the dead-letter queue
	To     Queue
	Filter Filter
	Rate   int // letters a second, 1 to MaxRate

	// Chosen is told how many more letters are about to be put back. Done is
	// told each letter that was, and the id of its copy. Both may be nil.
	Chosen func(n int)
	Done   func(letter *Letter, id string)
}

// Report is what became of a redrive.
type Report struct {
	Redriven int
	Answered []*Letter // left: their askers were told
	Taken    []*Letter // left: somebody else got hold of them
	Look     *Look     // the last one, released
}

// Run redrives. An error, the context's own included, comes with the report of
// what was done before it.
//
// On a FIFO queue it looks again and again, since what stands behind the first
// letters of a group is seen only when those are gone. Letters that came back
// meanwhile are known by the ids of their copies and left.
func (r Redrive) Run(ctx context.Context) (Report, error) {
	var report Report
	limiter := rate.NewLimiter(rate.Limit(r.Rate), 1)
	filter := r.Filter
	filter.not = map[string]bool{}
	for {
		before := report.Redriven
		err := r.round(ctx, filter, limiter, &report)
		if err != nil || !r.To.FIFO() || report.Redriven == before {
			return report, err
		}
	}
}

// round puts back what one look finds.
func (r Redrive) round(ctx context.Context, filter Filter, limiter *rate.Limiter, report *Report) (err error) {
	look, err := Find(ctx, r.Client, r.From, filter)
	report.Look = look
	defer func() { err = errors.Join(err, look.Release(ctx)) }()
	if err != nil {
		return err
	}
	chosen := slices.DeleteFunc(slices.Clone(look.Letters), func(l *Letter) bool {
		if l.AnsweredTo != "" {
			report.Answered = append(report.Answered, l)
			filter.not[l.ID] = true
		}
		return l.AnsweredTo != ""
	})
	if r.Chosen != nil {
		r.Chosen(len(chosen))
	}
	if err := r.hold(ctx, look, chosen); err != nil {
		return err
	}
	blocked := map[string]bool{} // groups whose order would be broken
	for _, l := range chosen {
		if err := limiter.Wait(ctx); err != nil {
			return err
		}
		if blocked[l.GroupID()] {
			continue
		}
		done, err := r.putBack(ctx, look, l, filter.not)
		if err != nil {
			return err
		}
		if !done {
			report.Taken = append(report.Taken, l)
			filter.not[l.ID] = true
			blocked[l.GroupID()] = r.To.FIFO()
			continue
		}
		report.Redriven++
	}
	return nil
}

// hold gives back at once what was not chosen, and holds each of the others
// until its turn is surely over.
func (r Redrive) hold(ctx context.Context, look *Look, chosen []*Letter) error {
	turn := func(position int) time.Duration { return time.Duration(position/r.Rate)*time.Second + margin }
	if turn(len(chosen)) > maxHold-time.Hour {
		return fmt.Errorf("at %d a second, %d letters take longer than the 12 hours that SQS hides a message: raise the rate, or choose fewer", r.Rate, len(chosen))
	}
	others := &Look{client: look.client, queue: look.queue, held: maps.Clone(look.held), expires: look.expires, order: slices.Clone(look.order), until: look.until}
	for i := range chosen {
		delete(others.held, chosen[i].ID)
	}
	for id := range others.held {
		delete(look.held, id)
	}
	if err := others.Release(ctx); err != nil {
		return err
	}
	look.until = time.Now().Add(turn(len(chosen)))
	for first := 0; first < len(chosen); first += batchSize {
		var ids []string
		for _, l := range chosen[first:min(first+batchSize, len(chosen))] {
			ids = append(ids, l.ID)
		}
		if _, err := look.hide(ctx, ids, func(i int) time.Duration { return turn(first + i) }); err != nil {
			return fmt.Errorf("holding the letters: %w", err)
		}
	}
	return nil
}

// putBack puts one letter back, to the end whatever becomes of ctx. It reports
// false, and has done nothing, when the letter is no longer ours.
func (r Redrive) putBack(ctx context.Context, look *Look, l *Letter, sent map[string]bool) (bool, error) {
	if failed, err := look.hide(ctx, []string{l.ID}, func(int) time.Duration { return handTime }); err != nil || failed > 0 {
		if failed > 0 && err == nil {
			delete(look.held, l.ID)
		}
		return false, err
	}
	id, err := r.send(ctx, l, l.Record.Body, l.ID)
	if err != nil {
		return false, err
	}
	sent[id] = true
	if err := look.delete(ctx, l.ID); err != nil {
		return false, fmt.Errorf("letter %s is on both queues now, its copy is message %s: %w", l.ID, id, err)
	}
	if r.Done != nil {
		r.Done(l, id)
	}
	return true, nil
}

// send sends a body with the letter's own attributes to the source queue.
func (r Redrive) send(ctx context.Context, l *Letter, body, deduplicationID string) (id string, err error) {
	ctx, cancel := call(ctx)
	defer cancel()
	input := &sqs.SendMessageInput{QueueUrl: aws.String(r.To.URL), MessageBody: aws.String(body), MessageAttributes: l.SenderAttributes()}
	if r.To.FIFO() {
		input.MessageGroupId = aws.String(l.GroupID())
		input.MessageDeduplicationId = aws.String(deduplicationID)
	}
	out, err := r.Client.SendMessage(ctx, input)
	if err != nil {
		return "", fmt.Errorf("sending letter %s, which stays where it is: %w", l.ID, err)
	}
	return aws.ToString(out.MessageId), nil
}

func (l *Look) delete(ctx context.Context, id string) error {
	ctx, cancel := call(ctx)
	defer cancel()
	_, err := l.client.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: aws.String(l.queue.URL), ReceiptHandle: aws.String(l.held[id])})
	if err != nil {
		return fmt.Errorf("deleting letter %s: %w", id, err)
	}
	delete(l.held, id)
	return nil
}
