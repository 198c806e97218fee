package main

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"sespolicy/shared/ledger"
)

// What a request is called that has no outcome.
const (
	waiting = "Waiting" // the function has received it
	unknown = "Unknown" // the ledger has no record of it
)

func newStatusCommand() *cobra.Command {
	var at target
	command := &cobra.Command{Use: "status MESSAGE-ID...", Short: "Show what became of requests"}
	at.register(command, ledgerTable)
	return answering(command, func(command *cobra.Command, ids []string) (*answer, error) {
		_, l, err := at.ledger(command.Context())
		if err != nil {
			return nil, err
		}
		entries, err := l.Status(command.Context(), ids...)
		if err != nil {
			return nil, err
		}
		return statusOfAll(ids, entries)
	}, "text", "json")
}

// statusOfAll is the status of all requests, with an error if one is unknown.
func statusOfAll(ids []string, entries map[string]ledger.Entry) (*answer, error) {
	all := []statusJSON{}
	var rows [][]string
	var missing []string
	for _, id := range ids {
		s := statusOf(id, entries[id])
		all = append(all, s)
		rows = append(rows, []string{s.MessageID, s.Outcome, s.Code, s.Identity, s.PolicyName, s.when(), oneLine(s.Message)})
		if s.Outcome == unknown {
			missing = append(missing, id)
		}
	}
	var err error
	if len(missing) > 0 {
		err = withHint(fmt.Errorf("the ledger does not know %s: %s", count(len(missing), "id"), strings.Join(missing, ", ")),
			"a request is unknown until the function has received it, and 30 days after its outcome; look on the dead-letter queue too: sespolicy dlq list")
	}
	return &answer{all, func(out io.Writer) {
		tabulate(out, "Requests", []string{"message id", "outcome", "code", "identity", "policy name", "at", "message"}, rows, wrap)
	}}, err
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
