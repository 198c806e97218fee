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
	var format string
	command := &cobra.Command{
		Use:   "show ID",
		Short: "Show one dead letter whole: reason, violations, body",
		Example: "  sespolicy dlq show 3f2a --stack sespolicy\n" +
			"  sespolicy dlq show 9c1e5b7a-0d0f-4c55-8a3c-0f5b8c3d2e1f --local --format json",
		Args: cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, ids []string) error {
			if err := checkFormat(format, "text", "json"); err != nil {
				return err
			}
			found, err := at.open(command.Context(), deadLetterQueue)
			if err != nil {
				return err
			}
			letter, err := found.letter(command, ids[0])
			if err != nil {
				return err
			}
			known := found.know(command.Context(), command.ErrOrStderr(), []*redrive.Letter{letter})
			if format == "json" {
				whole := known.asJSON(letter)
				whole.Body = letter.Record.Body
				return printout.WriteJSON(command.OutOrStdout(), whole)
			}
			return showLetter(command.OutOrStdout(), letter, known)
		},
	}
	at.register(command, deadLetterQueue|ledgerTable)
	formatFlag(command, &format, "text", "json")
	return command
}

// letter finds one letter by an id and makes it visible again.
func (q *queues) letter(command *cobra.Command, id string) (*redrive.Letter, error) {
	look, err := q.look(command.Context(), redrive.Filter{IDs: []string{id}})
	if len(look.Letters) > 0 {
		return look.Letters[0], err
	}
	if err == nil {
		err = fmt.Errorf("letter %s: %w", id, redrive.ErrGone)
		err = errors.Join(err, unseen(look))
	}
	return nil, err
}

func showLetter(out io.Writer, l *redrive.Letter, known knowledge) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	field := func(name, value string) {
		if value != "" {
			_, _ = fmt.Fprintf(w, "%s:\t%s\n", name, printout.Escape(value))
		}
	}
	field("letter", l.ID)
	field("sent", l.Sent.Format(time.RFC3339)+" ("+age(time.Since(l.Sent))+" ago)")
	field("code", l.ReasonCode())
	field("reason", known.reason(l))
	field("ledger", known.of(l).says())
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
	if err := w.Flush(); err != nil {
		return err
	}
	title := "Violations"
	if l.RanOut {
		title = "Violations that its attributes claim, which its sender may have written"
	}
	if files := marked(l.Record.Body, l.Violations); len(files) > 0 {
		_, _ = fmt.Fprintf(out, "\n%s:\n", title)
		if err := printout.Write(out, "text", files); err != nil {
			return err
		}
	}
	_, _ = fmt.Fprintln(out, "\nBody:")
	for line := range strings.Lines(l.Record.Body) {
		_, _ = fmt.Fprintln(out, printout.Escape(strings.TrimRight(strings.ReplaceAll(line, "\t", "    "), "\r\n")))
	}
	if known.told(l) {
		_, err := fmt.Fprintf(out, "\n%s: a redrive leaves this letter.\nhint: %s\n", printout.Escape(known.toldText(l)), askAgain)
		return err
	}
	return nil
}

// askAgain is what to do about a letter whose requester was told.
const askAgain = "request it again (deploy the stack, start the execution), or send it in your own name with sespolicy dlq edit --as-new"

// marked puts violations to the lines they are about: those of the policy's own
// text if it was written as a string, else of the request's.
func marked(body string, violations []finding.Finding) []printout.File {
	request := printout.File{Name: "request"}
	policy := printout.File{Name: "policy"}
	_, source, _ := message.Open(events.SQSMessage{Body: body})
	for _, f := range violations {
		file := &request
		text, isPolicy := source.TextAt(f.Path)
		if isPolicy {
			file = &policy
		}
		file.Findings = append(file.Findings, f)
		file.Lines = append(file.Lines, lineOf(strings.Split(text, "\n"), f.Line))
	}
	return slices.DeleteFunc([]printout.File{request, policy}, func(f printout.File) bool { return len(f.Findings) == 0 })
}
