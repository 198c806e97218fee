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
	// margin is how much longer than until its turn a letter stays hidden.
	margin = 2 * time.Minute
	// handTime is how long a letter stays hidden while it is put back: a send and
	// a delete with all their attempts.
	handTime = 3 * callTimeout
	// MaxRate is SQS's own limit for moving messages, per second.
	MaxRate = 500
)

// Redrive puts letters back one by one, the oldest first: it sends a copy to the
// source queue and then deletes the letter, so no letter is lost. An
// interruption finishes the current letter, so no letter is on both queues. If
// the program is killed between the two steps, that one letter is on both, and
// another redrive sends a second copy of the same request.
//
// The copy has the same body, byte for byte, the sender's own attributes, and the
// reason, by which the function recognizes the request. A letter whose requester was told of the failure stays: the function would
// refuse it, and the letter would lose its reason. Told says which those are.
type Redrive struct {
	Client *sqs.Client
	From   Queue // the dead-letter queue
	To     Queue
	Filter Filter
	Rate   int // letters a second, 1 to MaxRate

	// Told finds out whose requesters were told, and returns whether each
	// letter's was. Nil: those with AnsweredTo, which says only that somebody is to be
	// told.
	Told func(context.Context, []*Letter) (told func(*Letter) bool)

	// Waiting is called when the look waits, see [Find]; it may be nil.
	Waiting func(letters int, until time.Time)

	// Chosen gets the number of letters to put back. Done gets each letter that
	// was put back, and the id of its copy. Both may be nil.
	Chosen func(n int)
	Done   func(letter *Letter, id string)
}

// Report is the result of a redrive.
type Report struct {
	Redriven int
	Answered []*Letter // left, because their requesters were told
	Taken    []*Letter // left, because another consumer received them meanwhile
	Look     *Look     // already released
}

// Run redrives the letters that the filter selects. With an error, the context's
// own included, the report says what was done before it.
func (r Redrive) Run(ctx context.Context) (report Report, err error) {
	look, err := Find(ctx, r.Client, r.From, r.Filter, r.Waiting)
	report.Look = look
	defer func() { err = errors.Join(err, look.Release(ctx)) }()
	if err != nil {
		return report, err
	}
	told := func(l *Letter) bool { return l.AnsweredTo != "" }
	if r.Told != nil {
		told = r.Told(ctx, look.Letters)
	}
	var chosen []*Letter
	for _, l := range look.Letters {
		if told(l) {
			report.Answered = append(report.Answered, l)
		} else {
			chosen = append(chosen, l)
		}
	}
	if r.Chosen != nil {
		r.Chosen(len(chosen))
	}
	if err := r.hold(ctx, look, chosen); err != nil {
		return report, err
	}
	limiter := rate.NewLimiter(rate.Limit(r.Rate), 1)
	for _, l := range chosen {
		if err := limiter.Wait(ctx); err != nil {
			return report, err
		}
		done, err := r.putBack(ctx, look, l)
		switch {
		case err != nil:
			return report, err
		case done:
			report.Redriven++
		default:
			report.Taken = append(report.Taken, l)
		}
	}
	return report, nil
}

// hold makes the letters visible that were not chosen, and hides each chosen one
// until its turn is over.
func (r Redrive) hold(ctx context.Context, look *Look, chosen []*Letter) error {
	turn := func(position int) time.Duration { return time.Duration(position/r.Rate)*time.Second + margin }
	if turn(len(chosen)) > maxHold-time.Hour {
		return fmt.Errorf("at %d a second, %d letters take longer than the 12 hours for which SQS hides a message: raise the rate, or choose fewer", r.Rate, len(chosen))
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

// putBack puts one letter back, even if ctx ends meanwhile. It does nothing and
// reports false if another consumer has received the letter.
func (r Redrive) putBack(ctx context.Context, look *Look, l *Letter) (bool, error) {
	if failed, err := look.hide(ctx, []string{l.ID}, func(int) time.Duration { return handTime }); err != nil || failed > 0 {
		if failed > 0 && err == nil {
			delete(look.held, l.ID)
		}
		return false, err
	}
	id, err := r.send(ctx, l, l.Record.Body)
	if err != nil {
		return false, err
	}
	if err := look.delete(ctx, l.ID); err != nil {
		return false, fmt.Errorf("letter %s is on both queues now, its copy is message %s: %w", l.ID, id, err)
	}
	if r.Done != nil {
		r.Done(l, id)
	}
	return true, nil
}

// send sends a body to the source queue: the letter's own with its reason, another
// one, which is another request, with the sender's attributes alone.
func (r Redrive) send(ctx context.Context, l *Letter, body string) (id string, err error) {
	ctx, cancel := call(ctx)
	defer cancel()
	attributes := l.SenderAttributes()
	if body == l.Record.Body {
		attributes = l.RedriveAttributes()
	}
	out, err := r.Client.SendMessage(ctx, &sqs.SendMessageInput{
		QueueUrl: aws.String(r.To.URL), MessageBody: aws.String(body), MessageAttributes: attributes,
	})
	if err != nil {
		return "", fmt.Errorf("sending letter %s, which stays on the dead-letter queue: %w", l.ID, err)
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
