package reply

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"sespolicy/shared/outcome"
)

// EventSource is the source of every event. The detail-type is "SES Identity
// Policy Applied", "… Deleted", "… Rejected" or "… Superseded"; the detail is
// Detail.
const EventSource = "sespolicy"

const (
	// announceTimeout limits the time for the events of a batch.
	announceTimeout = 5 * time.Second
	// announceAttempts is the maximum number of times an event is sent.
	announceAttempts = 3
	// announcePause is the pause before the second attempt; it doubles with each.
	announcePause = 100 * time.Millisecond

	// maxEntries is PutEvents' limit of entries.
	maxEntries = 10
	// maxEventsSize limits the entries of one PutEvents call, in bytes. The limit
	// is 1 MiB since January 2026, but not every Region's documentation says so
	// yet; before that it was 256 KiB.
	maxEventsSize = 256 << 10
	// maxDetailSize leaves room for source and detail-type.
	maxDetailSize = maxEventsSize - 1024
)

// retryable are the codes of a failed entry that may succeed when sent again.
var retryable = map[string]bool{"InternalFailure": true, "ThrottlingException": true}

// Announce sends one event for each outcome except Retry, which is not final.
// Events are best effort: the error is for the log, and changes no outcome.
func (r *Replier) Announce(ctx context.Context, results []Result) error {
	if r.bus == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, announceTimeout)
	defer cancel()
	var entries []types.PutEventsRequestEntry
	for _, result := range results {
		if result.Outcome.Kind == outcome.Retry {
			continue
		}
		entry, err := r.entry(result)
		if err != nil {
			return fmt.Errorf("writing the event for message %s: %w", result.Message.Record.MessageId, err)
		}
		entries = append(entries, entry)
	}
	total, lost := len(entries), 0
	var why error
	for len(entries) > 0 {
		var call []types.PutEventsRequestEntry
		call, entries = nextCall(entries)
		n, err := r.send(ctx, call)
		if n > 0 {
			lost, why = lost+n, err
		}
	}
	if lost > 0 {
		return fmt.Errorf("event bus %s did not take %d of %d events, the last: %w", r.bus, lost, total, why)
	}
	return nil
}

func (r *Replier) entry(result Result) (types.PutEventsRequestEntry, error) {
	detail := newDetail(result)
	text, err := detail.encode(maxDetailSize)
	if err != nil {
		return types.PutEventsRequestEntry{}, err
	}
	return types.PutEventsRequestEntry{
		EventBusName: &r.bus,
		Source:       aws.String(EventSource),
		DetailType:   aws.String("SES Identity Policy " + detail.Outcome),
		Detail:       aws.String(string(text)),
	}, nil
}

// nextCall splits off the entries that fit into one call.
func nextCall(entries []types.PutEventsRequestEntry) (call, rest []types.PutEventsRequestEntry) {
	n, size := 0, 0
	for n < len(entries) && n < maxEntries {
		size += len(*entries[n].Source) + len(*entries[n].DetailType) + len(*entries[n].Detail)
		if n > 0 && size > maxEventsSize {
			break
		}
		n++
	}
	return entries[:n], entries[n:]
}

// send sends the entries of one call, and repeats those that failed with a
// retryable code. It returns how many were lost, and the last error.
func (r *Replier) send(ctx context.Context, entries []types.PutEventsRequestEntry) (lost int, why error) {
	_ = repeat(ctx, announceAttempts, announcePause, func() (again bool, _ error) {
		out, err := r.events().PutEvents(ctx, &eventbridge.PutEventsInput{Entries: entries})
		if err != nil {
			why = err
			return true, err
		}
		if len(out.Entries) != len(entries) {
			lost, why, entries = lost+len(entries), errors.New("PutEvents answered for another number of entries"), nil
			return false, why
		}
		var left []types.PutEventsRequestEntry
		for i, result := range out.Entries {
			code := aws.ToString(result.ErrorCode)
			switch {
			case code == "":
				continue
			case retryable[code]:
				left = append(left, entries[i])
			default:
				lost++
			}
			why = fmt.Errorf("%s: %s", code, aws.ToString(result.ErrorMessage))
		}
		entries = left
		return len(entries) > 0, why
	})
	return lost + len(entries), why
}
