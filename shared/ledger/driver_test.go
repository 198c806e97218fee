package ledger_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"sespolicy/shared/ledger"
)

// sesModel is what SES has.
type sesModel struct {
	policies map[ledger.Name]string
	calls    int // puts and deletes
}

func (s *sesModel) apply(c ledger.Change) {
	s.calls++
	if c.Action == ledger.Delete {
		delete(s.policies, c.Name)
		return
	}
	s.policies[c.Name] = c.Text
}

func (s *sesModel) seen(name ledger.Name) *ledger.Seen {
	text, ok := s.policies[name]
	return &ledger.Seen{Name: name, Exists: ok, Text: text}
}

// String lists the policies: name=text, sorted.
func (s *sesModel) String() string {
	var list []string
	for name, text := range s.policies {
		list = append(list, name.PolicyName+"="+text)
	}
	slices.Sort(list)
	return strings.Join(list, " ")
}

// errCrash ends a delivery where the process was killed.
var errCrash = errors.New("killed")

// instance is the function in small: it brings requests to their outcomes in
// the order that the package comment states.
type instance struct {
	ledger *ledger.Ledger
	ses    *sesModel
	now    time.Time
	// step is called before each step of the protocol; an error ends the delivery.
	step func(name string) error
	// lost makes an attempt reach SES without an answer.
	lost bool
}

func (i *instance) before(name string) error {
	if i.step == nil {
		return nil
	}
	return i.step(name)
}

// deliver handles one batch and returns what became of each request, in the
// batch's order.
func (i *instance) deliver(ctx context.Context, batch ...ledger.Request) ([]string, error) {
	if err := i.before("Read"); err != nil {
		return nil, err
	}
	v, err := i.ledger.Read(ctx, batch)
	if err != nil {
		return nil, err
	}
	ended := make([]string, len(batch))
	groups := map[string][]int{}
	var keys []string
	for n, r := range batch {
		key := r.Identity + "/" + r.PolicyName
		if groups[key] == nil {
			keys = append(keys, key)
		}
		groups[key] = append(groups[key], n)
	}
	slices.Sort(keys) // "/" first: the Deletes that name no policy
	for _, key := range keys {
		group := groups[key]
		slices.SortFunc(group, func(a, b int) int { return batch[b].Sent.Compare(batch[a].Sent) })
		if err := i.group(ctx, v, batch, group, ended); err != nil {
			return ended, err
		}
	}
	return ended, nil
}

// group brings the requests for one policy to their outcomes, the newest first.
func (i *instance) group(ctx context.Context, v *ledger.View, batch []ledger.Request, newestFirst []int, ended []string) error {
	for place, n := range newestFirst {
		if ended[n] != "" {
			continue
		}
		older := newestFirst[place+1:]
		d := v.Decide(batch[n], nil, i.now)
		if d.AfterOlder && slices.ContainsFunc(older, func(o int) bool { return ended[o] == "" }) {
			if err := i.group(ctx, v, batch, older, ended); err != nil {
				return err
			}
		}
		var err error
		if ended[n], err = i.bring(ctx, v, batch[n]); err != nil {
			return err
		}
		if ended[n] == "Wait" || ended[n] == "Retry" {
			for _, o := range older {
				if ended[o] == "" {
					ended[o] = "Wait"
				}
			}
			return nil
		}
	}
	return nil
}

// bring brings one request to its outcome.
func (i *instance) bring(ctx context.Context, v *ledger.View, r ledger.Request) (string, error) {
	var seen *ledger.Seen
	for range 10 {
		d := v.Decide(r, seen, i.now)
		seen = nil
		switch d.Do {
		case ledger.Wait, ledger.Unread:
			return "Wait", nil
		case ledger.AskExists, ledger.Look:
			if err := i.before(string(d.Do)); err != nil {
				return "", err
			}
			seen = i.ses.seen(d.Change.Name)
		case ledger.Repeat:
			return i.tell(ctx, v, r, d)
		case ledger.Finish:
			if err := i.before("Finish"); err != nil {
				return "", err
			}
			if err := v.Finish(ctx, r, d, i.now); errors.Is(err, ledger.ErrChanged) {
				continue
			} else if err != nil {
				return "Retry", nil
			}
			d.Letter, d.Answer = d.Outcome.Kind == ledger.Rejected, true
			return i.tell(ctx, v, r, d)
		case ledger.Apply:
			again, err := i.apply(ctx, v, r, d)
			if again || err == nil && d.More {
				continue
			}
			if errors.Is(err, errCrash) {
				return "", err
			}
			if err != nil {
				return "Retry", nil
			}
			if !d.Repair {
				d.Outcome = ledger.Outcome{Kind: ledger.Applied}
			}
			d.Letter, d.Answer = d.Outcome.Kind == ledger.Rejected, true
			return i.tell(ctx, v, r, d)
		}
	}
	return "Retry", nil
}

// apply makes the call of a decision; true: decide again.
func (i *instance) apply(ctx context.Context, v *ledger.View, r ledger.Request, d ledger.Decision) (bool, error) {
	if err := i.before("Intend"); err != nil {
		return false, err
	}
	if err := v.Intend(ctx, r, d, i.now.Add(time.Minute), i.now); err != nil {
		return errors.Is(err, ledger.ErrChanged), err
	}
	if err := i.before("SES"); err != nil {
		return false, err
	}
	i.ses.apply(d.Change)
	if i.lost {
		return false, errors.Join(errors.New("timeout"), v.Withdraw(ctx, r, ledger.Outcome{Code: "Unavailable"}, true, i.now))
	}
	if err := i.before("Settle"); err != nil {
		return false, err
	}
	return false, v.Settle(ctx, r, d, i.now)
}

// tell sends the letter and the answer that are missing.
func (i *instance) tell(ctx context.Context, v *ledger.View, r ledger.Request, d ledger.Decision) (string, error) {
	if d.Letter {
		if err := i.before("NoteLetter"); err != nil {
			return "", err
		}
		if v.NoteLetter(ctx, r, i.now) != nil {
			return "Retry", nil
		}
	}
	if d.Answer && r.Stack != nil {
		if err := i.before("NoteAnswer"); err != nil {
			return "", err
		}
		if v.NoteAnswer(ctx, r, ledger.Told, i.now) != nil {
			return "Retry", nil
		}
	}
	return describe(d.Outcome), nil
}

func describe(o ledger.Outcome) string {
	switch {
	case o.Kind == ledger.Rejected:
		return o.Code
	case o.Own:
		return "Superseded by own stack"
	}
	return string(o.Kind)
}

// newInstance is an instance of the function on a table of its own.
func newInstance(t *testing.T) *instance {
	t.Helper()
	return &instance{ledger: ledger.New(client(newTable(t)), table), ses: &sesModel{policies: map[ledger.Name]string{}}, now: at(1000)}
}
