package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/spf13/cobra"

	"sespolicy/shared/finding"
	"sespolicy/shared/message"
	"sespolicy/shared/printout"
	"sespolicy/shared/redrive"
)

func newShowCommand() *cobra.Command {
	var at target
	command := &cobra.Command{Use: "show ID", Short: "Show one dead letter whole: reason, violations, body"}
	at.register(command, deadLetterQueue|ledgerTable)
	return answering(command, func(command *cobra.Command, ids []string) (*answer, error) {
		_, letter, known, err := at.letter(command, ids[0], deadLetterQueue)
		if err != nil {
			return nil, err
		}
		whole := asJSON(letter, known)
		whole.Body = letter.Record.Body
		return &answer{whole, func(out io.Writer) { showLetter(out, letter, known) }}, nil
	}, "text", "json")
}

// letter finds one letter by an id, makes it visible again, and asks the ledger
// about it.
func (t *target) letter(command *cobra.Command, id string, uses part) (*queues, *redrive.Letter, redrive.Knowledge, error) {
	q, err := t.open(command.Context(), uses)
	if err != nil {
		return nil, nil, nil, err
	}
	look, err := q.look(command, redrive.Filter{IDs: []string{id}})
	if err == nil && len(look.Letters) == 0 {
		err = errors.Join(fmt.Errorf("letter %s: %w", id, redrive.ErrGone), unseen(look))
	}
	if err != nil {
		return nil, nil, nil, err
	}
	return q, look.Letters[0], q.know(command.Context(), command.ErrOrStderr(), look.Letters[:1]), nil
}

func showLetter(out io.Writer, l *redrive.Letter, known redrive.Knowledge) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	field := func(name, value string) {
		if value != "" {
			_, _ = fmt.Fprintf(w, "%s:\t%s\n", name, printout.Escape(value))
		}
	}
	field("letter", l.ID)
	field("sent", l.Sent.Format(time.RFC3339)+" ("+age(time.Since(l.Sent))+" ago)")
	field("code", l.ReasonCode())
	field("reason", known.Reason(l))
	field("ledger", known[l].Says())
	field("action", string(l.Request.Action))
	field("identity", l.Request.Identity.Name)
	field("policy name", l.Request.PolicyName)
	field("came by", l.Origin)
	field("source message", l.Record.MessageId)
	field("source queue", l.Record.EventSourceARN)
	field("message group", l.GroupID())
	for _, name := range slices.Sorted(maps.Keys(l.Record.MessageAttributes)) {
		value := l.Record.MessageAttributes[name]
		shown := fmt.Sprintf("%d bytes", len(value.BinaryValue))
		if value.StringValue != nil {
			shown = *value.StringValue
		}
		field("sender's attribute "+printout.Escape(name), shown+" ("+value.DataType+")")
	}
	_ = w.Flush() // as with all that is shown
	title := "Violations"
	if l.RanOut {
		title = "Violations that its attributes claim, which its sender may have written"
	}
	if files := marked(l.Record.Body, l.Violations); len(files) > 0 {
		_, _ = fmt.Fprintf(out, "\n%s:\n", title)
		_ = printout.Write(out, "text", files)
	}
	_, _ = fmt.Fprintln(out, "\nBody:")
	for line := range strings.Lines(l.Record.Body) {
		_, _ = fmt.Fprintln(out, printout.Escape(strings.TrimRight(strings.ReplaceAll(line, "\t", "    "), "\r\n")))
	}
	if known.Told(l) {
		_, _ = fmt.Fprintf(out, "\n%s: a redrive leaves this letter.\nhint: %s\n", printout.Escape(known.ToldText(l)), askAgain)
	}
}

// askAgain is what to do about a letter whose requester was told.
const askAgain = "request it again (deploy the stack, start the execution), or send it in your own name with sespolicy dlq edit --as-new"

// marked puts violations to the lines they are about: those of the policy's own
// text if it was written as a string, else of the request's.
func marked(body string, violations []finding.Finding) []printout.File {
	_, source, _ := message.Open(events.SQSMessage{Body: body})
	text, found := map[string]string{}, map[string][]finding.Finding{}
	for _, f := range violations {
		name := "request"
		own, isPolicy := source.TextAt(f.Path)
		if isPolicy {
			name = "policy"
		}
		text[name], found[name] = own, append(found[name], f)
	}
	var files []printout.File
	for _, name := range slices.Backward(slices.Sorted(maps.Keys(found))) { // the request first
		files = append(files, printout.NewFile(name, text[name], found[name]))
	}
	return files
}
