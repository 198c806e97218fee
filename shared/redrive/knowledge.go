package redrive

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"sespolicy/shared/ledger"
	"sespolicy/shared/message"
)

// Verdict is what the ledger means for a redrive of a letter, in a word for
// tables and programs.
type Verdict string

// The verdicts.
const (
	AsUsual     Verdict = ""           // decided again
	AppliedOnce Verdict = "applied"    // only its requester is told, if anybody waits
	Overtaken   Verdict = "superseded" // a newer request was applied, and stays
	WasTold     Verdict = "told"       // refused, because the requester was told that it failed
	SameText    Verdict = "same"       // the policy is already what the letter asks for
	NewerThere  Verdict = "newer"      // it replaces a newer version
)

// Known is what the ledger knows of a letter's request.
type Known struct {
	Entry   ledger.Entry  // zero if it does not know the request
	Policy  ledger.Policy // the current record; zero if there is none
	Verdict Verdict
}

// Knowledge is what the ledger knows of letters; nil if it could not be read.
type Knowledge map[*Letter]Known

// Know asks the ledger about letters.
func Know(ctx context.Context, l *ledger.Ledger, letters []*Letter) (Knowledge, error) {
	ids := make([]string, len(letters))
	for i, letter := range letters {
		ids[i] = letter.Record.MessageId
	}
	entries, err := l.Status(ctx, ids...)
	if err != nil {
		return nil, err
	}
	policies := map[ledger.Name]ledger.Policy{}
	k := Knowledge{}
	for i, letter := range letters {
		var own Known
		// Anybody can put the id of another request on a message: only the entry of
		// this very body counts.
		if e, ok := entries[ids[i]]; ok && e.BodyDigest == ledger.Digest(letter.Record.Body) {
			own.Entry = e
		}
		name := ledger.Name{Identity: letter.Request.Identity.Name, PolicyName: letter.Request.PolicyName}
		if name.Identity != "" && name.PolicyName != "" {
			if _, read := policies[name]; !read {
				if policies[name], _, err = l.Policy(ctx, name); err != nil {
					return nil, err
				}
			}
			own.Policy = policies[name]
		}
		own.Verdict = own.judge(letter, l.Same)
		k[letter] = own
	}
	return k, nil
}

// judge says what a redrive of the letter would come to.
func (k Known) judge(l *Letter, same func(a, b string) bool) Verdict {
	e, p := k.Entry, k.Policy
	sent := e.Order.Time()
	if e.MessageID == "" {
		sent = l.Sent // later than the request was sent
	}
	newer := p.Number > 0 && p.Order.Time().After(sent)
	switch {
	case e.Outcome.Kind == ledger.Applied:
		return AppliedOnce
	case e.Outcome.Kind == ledger.Rejected && e.Answer == ledger.Told:
		return WasTold
	case e.Outcome.Kind == ledger.Superseded, newer && (e.By.Topic != "" || e.By.StackID != ""): // these keep their time
		return Overtaken
	case p.Number > 0 && k.isNow(l.Request, same):
		return SameText
	case newer:
		return NewerThere
	}
	return AsUsual
}

// isNow reports whether the policy is what the request asks for.
func (k Known) isNow(r message.Request, same func(a, b string) bool) bool {
	if r.Action == message.Delete {
		return !k.Policy.Present
	}
	return k.Policy.Present && r.Policy != "" && same(k.Policy.Text, r.Policy)
}

// Says is the verdict in a sentence; empty where a redrive is decided again.
func (k Known) Says() string {
	version := fmt.Sprintf("version %d of %s", k.Policy.Number, k.Policy.Order.Time().Format(time.RFC3339))
	switch k.Verdict {
	case AppliedOnce:
		if k.Entry.Answer == ledger.Pending {
			return "it was applied: a redrive tells its requester, if anybody waits, and changes nothing"
		}
		return "it was applied: a redrive changes nothing"
	case Overtaken:
		return "it was superseded by a newer request: a redrive changes nothing"
	case WasTold:
		return "its requester was told that it failed: a redrive is refused"
	case SameText:
		return version + " is what it asks for: a redrive changes nothing"
	case NewerThere:
		return version + " is newer: a redrive replaces it"
	}
	return ""
}

// Told reports whether a letter stays, because its requester was told that it
// failed. Where the ledger does not know, everybody who is to be told counts as
// told.
func (k Knowledge) Told(l *Letter) bool {
	if own := k[l]; own.Entry.MessageID != "" {
		return own.Verdict == WasTold
	}
	return l.AnsweredTo != ""
}

// ToldText says of a letter for which Told holds who was told.
func (k Knowledge) ToldText(l *Letter) string {
	if k[l].Verdict == WasTold {
		return cmp.Or(l.AnsweredTo, "its requester") + " was told that it failed"
	}
	return l.AnsweredTo + " may have been told that it failed"
}

// Reason is why a letter is here, in a line. What the function did not write
// is called a claim: the sender's own attributes can look like a reason.
func (k Knowledge) Reason(l *Letter) string {
	text := l.Message
	if l.RanOut {
		text = "ran out of receives"
		if l.Code != "" {
			text += "; its attributes, which its sender may have written, claim: " + l.Code + ": " + l.Message
		}
		if o := k[l].Entry.Outcome; o.Code != "" {
			text += "; the ledger has: " + o.Code + ": " + o.Message
		}
	}
	if l.AnsweredTo != "" && !l.RanOut {
		what := "is to be told"
		if k[l].Entry.Answer == ledger.Told {
			what = "was told"
		}
		text += " [" + l.AnsweredTo + " " + what + "]"
	}
	return strings.TrimSpace(text)
}
