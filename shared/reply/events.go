package reply

import (
	"context"
	"fmt"
	"time"

	"sespolicy/shared/outcome"
)

// EventSource is the source of every event sent here. The detail-type is the outcome's:
// "SES Identity Policy Applied", "… Deleted", "… Rejected" or "… Superseded". The detail is Detail.
const EventSource = "sespolicy"

const (
	// announceTimeout is the longest that the events of a batch may take.
	announceTimeout = 5 * time.Second
	// announceTries is how often an event is sent, at most.
	announceTries = 3
	// announcePause is what passes before the second try; it doubles with each.
	announcePause = 100 * time.Millisecond

	// maxEntries is how many entries one PutEvents may have.
	maxEntries = 10
	// maxEventsSize is how many bytes the entries of one PutEvents may have. The limit is 1 MiB
	// since January 2026, but not in every Region's documentation; before that it was this.
	maxEventsSize = 256 << 10
	// maxDetailSize leaves room for source and detail-type.
	maxDetailSize = maxEventsSize - 1024
)

// retryable are the codes of a failed entry after which the same entry may be taken.
var retryable = map[string]bool{"InternalFailure": true, "ThrottlingException": true}

// Announce sends one event for each outcome, Retry excepted, which is none yet. Its error is for
// the log alone: no request fails, and none is repeated, because a bus did not take its event.
func (r *Replier) Announce(ctx context.Context, results []Result) error {
	if r.bus == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, announceTimeout)
	defer cancel()
	var entries []event
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
		var call []event
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

// putEvents is the request of PutEvents, putAnswer its answer: the entries in their order.
type (
	putEvents struct{ Entries []event }
	event     struct{ Detail, DetailType, EventBusName, Source string }
	putAnswer struct {
		Entries []struct{ ErrorCode, ErrorMessage string }
	}
)

func (r *Replier) entry(result Result) (event, error) {
	detail := newDetail(result)
	text, err := detail.encode(maxDetailSize)
	if err != nil {
		return event{}, err
	}
	return event{
		EventBusName: r.bus,
		Source:       EventSource,
		DetailType:   "SES Identity Policy " + detail.Outcome,
		Detail:       string(text),
	}, nil
}

// nextCall takes from the head of entries what fits into one call.
func nextCall(entries []event) (call, rest []event) {
	n, size := 0, 0
	for n < len(entries) && n < maxEntries {
		size += len(entries[n].Source) + len(entries[n].DetailType) + len(entries[n].Detail)
		if n > 0 && size > maxEventsSize {
			break
		}
		n++
	}
	return entries[:n], entries[n:]
}

// send sends one call's entries, and those again that failed for a moment's reason. It returns how
// many were lost, and why the last of them was.
func (r *Replier) send(ctx context.Context, entries []event) (lost int, why error) {
	_ = persist(ctx, announceTries, announcePause, func() (again bool, _ error) {
		var out putAnswer
		if err := r.caller().call(ctx, eventBridge, "PutEvents", putEvents{entries}, &out); err != nil {
			why = err
			return true, err
		}
		var left []event
		for i, answer := range out.Entries {
			switch {
			case answer.ErrorCode == "" || i >= len(entries):
				continue
			case retryable[answer.ErrorCode]:
				left = append(left, entries[i])
			default:
				lost++
			}
			why = fmt.Errorf("%s: %s", answer.ErrorCode, answer.ErrorMessage)
		}
		entries = left
		return len(entries) > 0, why
	})
	return lost + len(entries), why
}
