package main

import (
	"bytes"
	"strings"
	"testing"
	"unicode"

	"github.com/aws/aws-lambda-go/events"

	"sespolicy/shared/deadletter"
	"sespolicy/shared/finding"
	"sespolicy/shared/identity"
	"sespolicy/shared/ledger"
	"sespolicy/shared/message"
	"sespolicy/shared/redrive"
)

// SQS refuses some of this in some places. What a terminal gets does not rely on
// that.
func TestShowEscapesAll(t *testing.T) {
	evil := "\x1b[2J\u009b1m\u202e\u2066\u200f\u061c\x7f\r"
	letter := &redrive.Letter{
		Received: deadletter.Received{ID: evil, Letter: deadletter.Letter{
			Code: evil, Message: evil, AnsweredTo: evil, Violations: []finding.Finding{{Rule: evil, Path: "/" + evil, Message: evil, Suggestion: evil}},
			Record: events.SQSMessage{Body: evil, MessageId: evil, EventSourceARN: evil,
				MessageAttributes: map[string]events.SQSMessageAttribute{evil: {DataType: evil, StringValue: &evil}}},
		}},
		Request: message.Request{Identity: identity.Identity{Name: evil}, PolicyName: evil, Action: message.Action(evil)},
		Origin:  evil,
	}
	known := redrive.Knowledge{letter: {Entry: ledger.Entry{MessageID: evil, Outcome: ledger.Outcome{Kind: ledger.Kind(evil), Code: evil, Message: evil}}, Verdict: redrive.Verdict(evil)}}
	for _, ranOut := range []bool{false, true} {
		letter.RanOut = ranOut
		var out bytes.Buffer
		showLetter(&out, letter, known)
		tabulateLetters(&out, "Letters", []*redrive.Letter{letter}, known)
		if i := strings.IndexFunc(out.String(), func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }); i >= 0 {
			t.Errorf("%q is not printable", out.String()[i:i+4])
		}
	}
}
