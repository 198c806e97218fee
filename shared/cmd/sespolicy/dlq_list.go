package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"sespolicy/shared/finding"
	"sespolicy/shared/ledger"
	"sespolicy/shared/redrive"
)

func newListCommand() *cobra.Command {
	var at target
	var letters letterFlags
	command := &cobra.Command{Use: "list", Aliases: []string{"ls"}, Short: "Show dead letters and why they are dead, the oldest first"}
	at.register(command, deadLetterQueue|ledgerTable)
	letters.register(command)
	return answering(command, func(command *cobra.Command, _ []string) (*answer, error) {
		filter, err := letters.filter(nil)
		if err != nil {
			return nil, err
		}
		found, err := at.open(command.Context(), deadLetterQueue)
		if err != nil {
			return nil, err
		}
		look, err := found.look(command, filter)
		if err != nil && len(look.Letters) == 0 {
			return nil, err
		}
		errs := command.ErrOrStderr()
		letters.unknownCodes(errs, look)
		known := found.know(command.Context(), errs, look.Letters)
		all := []letterJSON{}
		for _, l := range look.Letters {
			all = append(all, asJSON(l, known))
		}
		// What an interrupted look has seen is shown too.
		sawAll(errs, look)
		return &answer{all, func(out io.Writer) {
			tabulateLetters(out, "Dead letters", look.Letters, known)
			_, _ = fmt.Fprintf(errs, "%s of %d seen\n", count(len(look.Letters), "letter"), look.Seen)
		}}, err
	}, "table", "json")
}

// tabulateLetters shows letters as a table, with what the ledger knows of them.
func tabulateLetters(out io.Writer, title string, letters []*redrive.Letter, known redrive.Knowledge) {
	header := []string{"age", "id", "identity", "policy name", "code", "ledger", "message"}
	var rows [][]string
	for _, l := range letters {
		rows = append(rows, []string{
			age(time.Since(l.Sent)), l.ID, cmp.Or(l.Request.Identity.Name, "?"), cmp.Or(l.Request.PolicyName, "?"), l.ReasonCode(),
			string(known[l].Verdict), known.Reason(l),
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

func asJSON(l *redrive.Letter, known redrive.Knowledge) letterJSON {
	receives, _ := strconv.Atoi(l.Record.Attributes["ApproximateReceiveCount"]) // 0 where SQS does not say
	j := letterJSON{
		ID: l.ID, Sent: l.Sent.UTC(), Code: l.ReasonCode(), Message: known.Reason(l), Violations: l.Violations,
		Action: string(l.Request.Action), Identity: l.Request.Identity.Name, PolicyName: l.Request.PolicyName, Origin: l.Origin,
		AnsweredTo: l.AnsweredTo, SourceMessageID: l.Record.MessageId, SourceQueueARN: l.Record.EventSourceARN,
		MessageGroupID: l.GroupID(), ReceiveCount: receives, Attributes: map[string]attribute{}}
	if known != nil {
		own := known[l]
		j.Ledger = &knownJSON{outcomeWord(own.Entry), own.Entry.Outcome.Code, own.Entry.Answer == ledger.Told, string(own.Verdict)}
	}
	if l.RanOut && l.Code != "" {
		j.Violations, j.Claimed = nil, &claim{l.Code, l.Message, l.Violations}
	}
	for name, value := range l.Record.MessageAttributes {
		j.Attributes[name] = attribute{value.DataType, value.StringValue, value.BinaryValue}
	}
	return j
}
