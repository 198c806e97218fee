package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"sespolicy/shared/ledger"
	"sespolicy/shared/message"
	"sespolicy/shared/printout"
	"sespolicy/shared/redrive"
)

// verdict is what the ledger means for a redrive of a letter, in a word for
// tables.
type verdict string

const (
	asUsual     verdict = ""           // decided again
	appliedOnce verdict = "applied"    // only its requester is told, if anybody waits
	overtaken   verdict = "superseded" // a newer request was applied, and stays
	wasTold     verdict = "told"       // refused, because the requester was told that it failed
	sameText    verdict = "same"       // the policy is already what the letter asks for
	newerThere  verdict = "newer"      // it replaces a newer version
)

// known is what the ledger knows of a letter's request.
type known struct {
	entry   ledger.Entry  // zero if it does not know the request
	policy  ledger.Policy // the current record; zero if there is none
	verdict verdict
}

// knowledge is what the ledger knows of letters; nil where it could not be read.
type knowledge map[*redrive.Letter]known

// know asks the ledger about letters. If it cannot be read, that is said on errs.
func (q *queues) know(ctx context.Context, errs io.Writer, letters []*redrive.Letter) knowledge {
	if len(letters) == 0 {
		return knowledge{}
	}
	k, err := knowledge(nil), q.noLedger
	if err == nil {
		k, err = readKnowledge(ctx, q.ledger, letters)
	}
	if err == nil {
		return k
	}
	_, _ = fmt.Fprintln(errs, "what the ledger knows is not shown:", printout.Escape(oneLine(err.Error())))
	if hint := hintOf(err); hint != "" {
		_, _ = fmt.Fprintln(errs, "hint:", printout.EscapeLines(hint))
	}
	return nil
}

func readKnowledge(ctx context.Context, l *ledger.Ledger, letters []*redrive.Letter) (knowledge, error) {
	ids := make([]string, len(letters))
	for i, letter := range letters {
		ids[i] = letter.Record.MessageId
	}
	entries, err := l.Status(ctx, ids...)
	if err != nil {
		return nil, err
	}
	policies := map[ledger.Name]ledger.Policy{}
	k := knowledge{}
	for i, letter := range letters {
		var own known
		// Anybody can put the id of another request on a message: only the entry of
		// this very body counts.
		if e, ok := entries[ids[i]]; ok && e.BodyDigest == ledger.Digest(letter.Record.Body) {
			own.entry = e
		}
		name := ledger.Name{Identity: letter.Request.Identity.Name, PolicyName: letter.Request.PolicyName}
		if name.Identity != "" && name.PolicyName != "" {
			if _, read := policies[name]; !read {
				if policies[name], _, err = l.Policy(ctx, name); err != nil {
					return nil, err
				}
			}
			own.policy = policies[name]
		}
		own.verdict = own.judge(letter, l.Same)
		k[letter] = own
	}
	return k, nil
}

// judge says what a redrive of the letter would come to.
func (k known) judge(l *redrive.Letter, same func(a, b string) bool) verdict {
	e, p := k.entry, k.policy
	sent := e.Order.Time()
	if e.MessageID == "" {
		sent = l.Sent // later than the request was sent
	}
	newer := p.Number > 0 && p.Order.Time().After(sent)
	switch {
	case e.Outcome.Kind == ledger.Applied:
		return appliedOnce
	case e.Outcome.Kind == ledger.Rejected && e.Answer == ledger.Told:
		return wasTold
	case e.Outcome.Kind == ledger.Superseded, newer && e.By.Topic != "": // a verified notification keeps its time
		return overtaken
	case p.Number > 0 && k.isNow(l.Request, same):
		return sameText
	case newer:
		return newerThere
	}
	return asUsual
}

// isNow reports whether the policy is what the request asks for.
func (k known) isNow(r message.Request, same func(a, b string) bool) bool {
	if r.Action == message.Delete {
		return !k.policy.Present
	}
	return k.policy.Present && r.Policy != "" && same(k.policy.Text, r.Policy)
}

// says is the verdict in a sentence; empty where a redrive is decided again.
func (k known) says() string {
	version := fmt.Sprintf("version %d of %s", k.policy.Number, k.policy.Order.Time().Format(time.RFC3339))
	switch k.verdict {
	case appliedOnce:
		if k.entry.Answer == ledger.Pending {
			return "it was applied: a redrive tells its requester, if anybody waits, and changes nothing"
		}
		return "it was applied: a redrive changes nothing"
	case overtaken:
		return "it was superseded by a newer request: a redrive changes nothing"
	case wasTold:
		return "its requester was told that it failed: a redrive is refused"
	case sameText:
		return version + " is what it asks for: a redrive changes nothing"
	case newerThere:
		return version + " is newer: a redrive replaces it"
	}
	return ""
}

func (k knowledge) of(l *redrive.Letter) known { return k[l] }

// told reports whether a letter stays, because its requester was told that it
// failed. Where the ledger does not know, everybody who is to be told counts as
// told.
func (k knowledge) told(l *redrive.Letter) bool {
	if own := k[l]; own.entry.MessageID != "" {
		return own.verdict == wasTold
	}
	return l.AnsweredTo != ""
}

// toldText says of a letter for which told holds who was told.
func (k knowledge) toldText(l *redrive.Letter) string {
	if k[l].verdict == wasTold {
		return cmp.Or(l.AnsweredTo, "its requester") + " was told that it failed"
	}
	return l.AnsweredTo + " may have been told that it failed"
}

// warn names the letters of which a redrive is not what it seems.
func (k knowledge) warn(errs io.Writer, letters []*redrive.Letter) {
	for _, l := range letters {
		if text := k[l].says(); text != "" {
			_, _ = fmt.Fprintf(errs, "%s: %s\n", l.ID, printout.Escape(text))
		}
	}
}

// reason is why a letter is here, in a line. What the function did not write
// is called a claim: the sender's own attributes can look like a reason.
func (k knowledge) reason(l *redrive.Letter) string {
	text := l.Message
	if l.RanOut {
		text = "ran out of receives"
		if l.Code != "" {
			text += "; its attributes, which its sender may have written, claim: " + l.Code + ": " + l.Message
		}
		if o := k[l].entry.Outcome; o.Code != "" {
			text += "; the ledger has: " + o.Code + ": " + o.Message
		}
	}
	if l.AnsweredTo != "" && !l.RanOut {
		what := "is to be told"
		if k[l].entry.Answer == ledger.Told {
			what = "was told"
		}
		text += " [" + l.AnsweredTo + " " + what + "]"
	}
	return strings.TrimSpace(text)
}

// knownJSON is what the ledger knows of a letter's request, for programs.
type knownJSON struct {
	Outcome string `json:"outcome"` // as status has it; Unknown if the ledger does not know the request
	Code    string `json:"code"`
	Told    bool   `json:"told"` // the requester was told of the outcome
	// Redrive is what a redrive would come to: empty for a new decision; applied,
	// superseded, told or same where it changes nothing; newer where it replaces a
	// newer version.
	Redrive string `json:"redrive"`
}

func (k knowledge) json(l *redrive.Letter) *knownJSON {
	if k == nil {
		return nil
	}
	own := k[l]
	return &knownJSON{outcomeWord(own.entry), own.entry.Outcome.Code, own.entry.Answer == ledger.Told, string(own.verdict)}
}
