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
	var at queueFlags
	var format string
	command := &cobra.Command{
		Use:   "show ID",
		Short: "Show one dead letter whole: the reason, what is wrong in its own text, the body",
		Args:  cobra.ExactArgs(1),
		RunE: explained(func(command *cobra.Command, ids []string) error {
			if err := oneOf("format", format, "text", "json"); err != nil {
				return err
			}
			found, err := at.open(command.Context(), needsDeadLetters)
			if err != nil {
				return err
			}
			letter, err := found.letter(command, ids[0])
			if err != nil {
				return err
			}
			if format == "json" {
				whole := asJSON(letter)
				whole.Body = letter.Record.Body
				return writeJSON(command.OutOrStdout(), whole)
			}
			return showLetter(command.OutOrStdout(), letter)
		}),
	}
	at.register(command.Flags())
	command.Flags().StringVar(&format, "format", "text", "text or json")
	return command
}

// letter finds one letter and gives it back.
func (q *queues) letter(command *cobra.Command, id string) (*redrive.Letter, error) {
	look, err := q.look(command.Context(), redrive.Filter{IDs: []string{id}})
	if len(look.Letters) > 0 {
		return look.Letters[0], err
	}
	if err == nil {
		err = fmt.Errorf("letter %s: %w (its id is that of sespolicy dlq list, not the request's own)", id, redrive.ErrGone)
		err = errors.Join(err, unseen(look))
	}
	return nil, err
}

func showLetter(out io.Writer, l *redrive.Letter) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	field := func(name, value string) {
		if value != "" {
			_, _ = fmt.Fprintf(w, "%s:\t%s\n", name, printable(value))
		}
	}
	field("letter", l.ID)
	field("sent", l.Sent.Format(time.RFC3339)+" ("+age(time.Since(l.Sent))+" ago)")
	field("code", l.ReasonCode())
	field("reason", reason(l))
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
		field("attribute "+name, shown+" ("+value.DataType+")")
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if files := marked(l.Record.Body, l.Violations); len(files) > 0 {
		_, _ = fmt.Fprintln(out, "\nViolations:")
		if err := printout.Write(out, "text", files); err != nil {
			return err
		}
	}
	_, _ = fmt.Fprintln(out, "\nBody:")
	for line := range strings.Lines(l.Record.Body) {
		_, _ = fmt.Fprintln(out, printable(strings.TrimRight(strings.ReplaceAll(line, "\t", "    "), "\r\n")))
	}
	if l.AnsweredTo != "" {
		_, err := fmt.Fprintf(out, "\n%s was told that this failed. Redriving it would change nothing; ask anew, or use sespolicy dlq edit --as-new.\n", printable(l.AnsweredTo))
		return err
	}
	return nil
}

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
		file.Lines = append(file.Lines, lineAt(text, f.Line))
	}
	return slices.DeleteFunc([]printout.File{request, policy}, func(f printout.File) bool { return len(f.Findings) == 0 })
}

func lineAt(text string, number int) string {
	lines := strings.Split(text, "\n")
	return strings.TrimSuffix(lines[min(max(number, 1), len(lines))-1], "\r")
}
