package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"sespolicy/shared/finding"
	"sespolicy/shared/printout"
	"sespolicy/shared/redrive"
)

func newListCommand() *cobra.Command {
	var at target
	var letters letterFlags
	var format string
	command := &cobra.Command{
		Use:     "list",
		Aliases: []string{"ls"},
		Short:   "Show dead letters and why they are dead, the oldest first",
		Long: "List looks at all letters once and makes them visible again. Without --code and the like it shows all. Standard error\n" +
			"says whether it could see all there are.",
		Example: "  sespolicy dlq list --stack sespolicy --older-than 1h\n" +
			"  sespolicy dlq list --stack sespolicy --code Expired,Cancelled --format json",
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			filter, err := letters.filter(nil)
			if err != nil {
				return err
			}
			if err := checkFormat(format, "table", "json"); err != nil {
				return err
			}
			found, err := at.open(command.Context(), deadLetterQueue)
			if err != nil {
				return err
			}
			look, err := found.look(command.Context(), filter)
			if err != nil && len(look.Letters) == 0 {
				return err
			}
			letters.unknownCodes(command.ErrOrStderr(), look)
			known := found.know(command.Context(), command.ErrOrStderr(), look.Letters)
			// What an interrupted look has seen is shown too.
			return errors.Join(listLetters(command.OutOrStdout(), command.ErrOrStderr(), look, known, format), err)
		},
	}
	at.register(command, deadLetterQueue|ledgerTable)
	letters.register(command)
	formatFlag(command, &format, "table", "json")
	return command
}

// look looks at the dead letters and makes them visible again.
func (q *queues) look(ctx context.Context, filter redrive.Filter) (*redrive.Look, error) {
	look, err := redrive.Find(ctx, q.client, q.deadLetters, filter)
	return look, errors.Join(err, look.Release(ctx))
}

func listLetters(out, errs io.Writer, look *redrive.Look, known knowledge, format string) error {
	if format == "json" {
		all := []letterJSON{}
		for _, l := range look.Letters {
			all = append(all, known.asJSON(l))
		}
		if err := printout.WriteJSON(out, all); err != nil {
			return err
		}
	} else {
		tabulateLetters(out, "Dead letters", look.Letters, known)
		_, _ = fmt.Fprintf(errs, "%s of %d seen\n", count(len(look.Letters), "letter"), look.Seen)
	}
	sawAll(errs, look)
	return nil
}

// tabulateLetters shows letters as a table, with what the ledger knows of them.
func tabulateLetters(out io.Writer, title string, letters []*redrive.Letter, known knowledge) {
	header := []string{"age", "id", "identity", "policy name", "code", "ledger", "message"}
	var rows [][]string
	for _, l := range letters {
		rows = append(rows, []string{
			age(time.Since(l.Sent)), l.ID, cmp.Or(l.Request.Identity.Name, "?"), cmp.Or(l.Request.PolicyName, "?"), l.ReasonCode(),
			string(known.of(l).verdict), known.reason(l),
		})
	}
	if known == nil {
		header = slices.Delete(header, 5, 6)
		for i := range rows {
			rows[i] = slices.Delete(rows[i], 5, 6)
		}
	}
	tabulate(out, title, header, rows, cut)
}

// letterJSON is a letter for programs. Its body is left out of lists.
type letterJSON struct {
	ID              string               `json:"id"`
	Sent            time.Time            `json:"sent"`
	Code            string               `json:"code"`
	Message         string               `json:"message"`
	Violations      []finding.Finding    `json:"violations,omitempty"`
	Claimed         *claim               `json:"claimed,omitempty"`
	Action          string               `json:"action,omitempty"`
	Identity        string               `json:"identity,omitempty"`
	PolicyName      string               `json:"policyName,omitempty"`
	Origin          string               `json:"origin"`
	AnsweredTo      string               `json:"answeredTo,omitempty"` // who is to be told; the ledger says whether they were
	Ledger          *knownJSON           `json:"ledger,omitempty"`     // absent where it could not be read
	SourceMessageID string               `json:"sourceMessageId,omitempty"`
	SourceQueueARN  string               `json:"sourceQueueArn,omitempty"`
	MessageGroupID  string               `json:"messageGroupId,omitempty"`
	ReceiveCount    int                  `json:"receiveCount"`
	Attributes      map[string]attribute `json:"attributes,omitempty"` // the sender's
	Body            string               `json:"body,omitempty"`
}

// claim is the reason that the attributes of a letter give which SQS has moved
// itself: the sender may have written it.
type claim struct {
	Code       string            `json:"code"`
	Message    string            `json:"message"`
	Violations []finding.Finding `json:"violations,omitempty"`
}

type attribute struct {
	DataType    string  `json:"dataType"`
	StringValue *string `json:"stringValue,omitempty"`
	BinaryValue []byte  `json:"binaryValue,omitempty"`
}

func (k knowledge) asJSON(l *redrive.Letter) letterJSON {
	receives, _ := strconv.Atoi(l.Record.Attributes["ApproximateReceiveCount"]) // 0 where SQS does not say
	j := letterJSON{
		ID: l.ID, Sent: l.Sent.UTC(), Code: l.ReasonCode(), Message: k.reason(l), Violations: l.Violations,
		Action: string(l.Request.Action), Identity: l.Request.Identity.Name, PolicyName: l.Request.PolicyName, Origin: l.Origin,
		AnsweredTo: l.AnsweredTo, SourceMessageID: l.Record.MessageId, SourceQueueARN: l.Record.EventSourceARN,
		MessageGroupID: l.GroupID(), ReceiveCount: receives, Attributes: map[string]attribute{}, Ledger: k.json(l),
	}
	if l.RanOut && l.Code != "" {
		j.Violations, j.Claimed = nil, &claim{l.Code, l.Message, l.Violations}
	}
	for name, value := range l.Record.MessageAttributes {
		j.Attributes[name] = attribute{value.DataType, value.StringValue, value.BinaryValue}
	}
	return j
}
