package main

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"sespolicy/shared/ledger"
	"sespolicy/shared/printout"
)

// What a request is called that has no outcome.
const (
	waiting = "Waiting" // the function has received it
	unknown = "Unknown" // the ledger has no record of it
)

func newStatusCommand() *cobra.Command {
	var at target
	var format string
	command := &cobra.Command{
		Use:   "status MESSAGE-ID...",
		Short: "Show what became of requests",
		Long: "Status asks the ledger for the outcome of each request: Applied, Deleted, Rejected with its code, or Superseded by a\n" +
			"newer request. A message id is SQS's, as sespolicy send shows it, or SNS's for what was published to a topic. Waiting\n" +
			"means that the function has received the request and will try again; its code and message are the last attempt's.\n\n" +
			"The ledger knows a request once the function has decided on it or called SES, and for 30 days after its last change.\n\n" +
			"Exit status: 0, or 1 if the ledger does not know one of the ids. It needs the permission dynamodb:BatchGetItem on the\n" +
			"table. In another account, outcomes arrive as events: " + eventsPage + ".",
		Example: "  sespolicy status 9c1e5b7a-0d0f-4c55-8a3c-0f5b8c3d2e1f --stack sespolicy\n" +
			"  sespolicy status 9c1e5b7a-0d0f-4c55-8a3c-0f5b8c3d2e1f --local --format json",
		Args: cobra.MinimumNArgs(1),
		RunE: func(command *cobra.Command, ids []string) error {
			if err := checkFormat(format, "text", "json"); err != nil {
				return err
			}
			f, err := at.find(command.Context())
			if err != nil {
				return err
			}
			l, err := f.openLedger(command.Context())
			if err != nil {
				return err
			}
			entries, err := l.Status(command.Context(), ids...)
			if err != nil {
				return err
			}
			return showStatus(command, ids, entries, format)
		},
	}
	command.ValidArgsFunction = cobra.NoFileCompletions
	at.register(command, ledgerTable)
	formatFlag(command, &format, "text", "json")
	return command
}

// showStatus shows the requests, and fails if one is unknown.
func showStatus(command *cobra.Command, ids []string, entries map[string]ledger.Entry, format string) error {
	out, all := command.OutOrStdout(), []statusJSON{}
	var missing []string
	for _, id := range ids {
		entry, ok := entries[id]
		if !ok {
			missing = append(missing, id)
		}
		all = append(all, statusOf(id, entry))
	}
	if format == "json" {
		if err := printout.WriteJSON(out, all); err != nil {
			return err
		}
	} else {
		var rows [][]string
		for _, s := range all {
			rows = append(rows, []string{s.MessageID, s.Outcome, s.Code, s.Identity, s.PolicyName, s.when(), oneLine(s.Message)})
		}
		tabulate(out, "Requests", []string{"message id", "outcome", "code", "identity", "policy name", "at", "message"}, rows, wrap)
	}
	if len(missing) == 0 {
		return nil
	}
	return withHint(fmt.Errorf("the ledger does not know %s: %s", count(len(missing), "id"), strings.Join(missing, ", ")),
		"a request is unknown until the function has received it, and 30 days after its outcome; look on the dead-letter queue too: sespolicy dlq list")
}

// statusJSON is what became of one request, for programs.
type statusJSON struct {
	MessageID  string     `json:"messageId"`
	Outcome    string     `json:"outcome"` // Applied, Deleted, Rejected, Superseded, Waiting or Unknown
	Code       string     `json:"code"`
	Message    string     `json:"message"`
	Identity   string     `json:"identity"`
	PolicyName string     `json:"policyName"`
	At         *time.Time `json:"at"` // of the last change; null if unknown
}

// statusOf is the status of a request; the zero entry is unknown.
func statusOf(id string, e ledger.Entry) statusJSON {
	s := statusJSON{MessageID: id, Outcome: outcomeWord(e), Code: e.Outcome.Code, Message: e.Outcome.Message, Identity: e.Identity, PolicyName: e.PolicyName}
	if s.Outcome == waiting && s.Message == "" && len(e.Attempts) > 0 {
		s.Message = "SES was called and its answer did not arrive; the request comes again"
	}
	if !e.At.IsZero() {
		at := e.At.UTC()
		s.At = &at
	}
	return s
}

// outcomeWord is the outcome as logs and events call it.
func outcomeWord(e ledger.Entry) string {
	switch {
	case e.MessageID == "":
		return unknown
	case e.Outcome.Kind == ledger.Applied && e.Action == ledger.Delete:
		return "Deleted"
	}
	return cmp.Or(string(e.Outcome.Kind), waiting)
}

func (s statusJSON) when() string {
	if s.At == nil {
		return ""
	}
	return s.At.Format(time.RFC3339)
}
