package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"sespolicy/shared/account"
	"sespolicy/shared/account/meaning"
	"sespolicy/shared/check"
	"sespolicy/shared/examine"
	"sespolicy/shared/ledger"
	"sespolicy/shared/printout"
)

// historyFlags are those of history beside the deployment.
type historyFlags struct {
	sendFlags
	restore int64
}

func newHistoryCommand() *cobra.Command {
	var at target
	var flags historyFlags
	command := &cobra.Command{
		Use:   "history IDENTITY NAME",
		Short: "Show the versions of a policy, or restore one",
	}
	at.register(command, requestQueue|ledgerTable)
	command.Flags().Int64Var(&flags.restore, "restore", 0, "send this version again")
	flags.registerWait(command)
	answering(command, func(command *cobra.Command, arguments []string) (*answer, error) {
		restore := command.Flags().Changed("restore")
		if flags.wait && !restore {
			return nil, badUse(errors.New("got --wait without --restore"))
		}
		f, l, name, err := at.policy(command, arguments)
		if err != nil {
			return nil, err
		}
		h, err := readHistory(command.Context(), l, name)
		switch {
		case err != nil:
			return nil, err
		case restore:
			flags.ledger, flags.format = l, command.Flag("format").Value.String()
			return nil, f.restore(command, h, flags)
		}
		return &answer{h.asJSON(), func(out io.Writer) { h.show(out, check.Partition(f.config.Region)) }}, nil
	}, "text", "json")
	return command
}

// history is all that the ledger knows of a policy.
type history struct {
	current ledger.Policy
	records []ledger.Record // the current one first
}

func readHistory(ctx context.Context, l *ledger.Ledger, name ledger.Name) (h history, err error) {
	var ok bool
	if h.current, ok, err = l.Policy(ctx, name); err != nil {
		return h, err
	}
	if !ok {
		return h, noRecord(name)
	}
	h.records, err = l.History(ctx, name)
	return h, err
}

// show shows the versions, and what each changed of the one before it. Where the
// one before is not known any more, it shows the whole policy.
func (h history) show(out io.Writer, partition string) {
	var rows [][]string
	var diffs bytes.Buffer
	for i, r := range h.records {
		var before ledger.Record
		if i+1 < len(h.records) {
			before = h.records[i+1]
		}
		change := "changed"
		switch {
		case !r.Present:
			change = "deleted"
		case before.Text == "":
			change = "put"
		case meaning.Equal(before.Text, r.Text, partition):
			change = "the same again"
		}
		if change == "changed" || change == "put" {
			fmt.Fprintf(&diffs, "\nversion %d\n", r.Number)
			writeDiff(&diffs, before.Text, r.Text, partition)
		}
		rows = append(rows, []string{strconv.FormatInt(r.Number, 10), change, r.At.UTC().Format(time.RFC3339), requesterName(r.By), r.MessageID})
	}
	tabulate(out, "Versions, the current one first", []string{"version", "policy", "at", "by", "message id"}, rows, wrap)
	_, _ = diffs.WriteTo(out)
	if o := h.current.Owner; o != nil {
		_, _ = fmt.Fprintf(out, "\nIt belongs to %s.\n", printout.Escape(account.StackWords(*o)))
	}
}

// writeDiff shows what differs between two policies, statement by statement.
func writeDiff(out io.Writer, before, after, partition string) {
	for line := range strings.Lines(meaning.DiffStatements(before, after, partition)) {
		_, _ = fmt.Fprintf(out, "  %s\n", printout.EscapeLines(strings.TrimRight(line, "\n")))
	}
}

// restore sends a version again.
func (f *found) restore(command *cobra.Command, h history, flags historyFlags) error {
	record, err := h.version(flags.restore)
	if err != nil {
		return err
	}
	if o := h.current.Owner; o != nil && f.Guardrails["PROTECT_STACK_POLICIES"] != "false" {
		return withHint(fmt.Errorf("nothing was sent: the policy belongs to %s, so the function would refuse this as OwnedByStack", account.StackWords(*o)),
			"change the stack, or give the policy up first with sespolicy release")
	}
	text := restoring(h.current.Name, record)
	name := fmt.Sprintf("version %d", record.Number)
	request := []examine.Request{examine.One(name, text)}
	if err := f.checkRequests(command, request); err != nil {
		return err
	}
	return f.send(command, request, flags.sendFlags)
}

func (h history) version(number int64) (ledger.Record, error) {
	for _, r := range h.records {
		if r.Number == number {
			return r, nil
		}
	}
	return ledger.Record{}, fmt.Errorf("there is no version %d: the ledger has %d to %d", number, h.records[len(h.records)-1].Number, h.records[0].Number)
}

// restoring is the request for a version. A text goes as a string, so that SES
// gets it byte for byte.
func restoring(name ledger.Name, r ledger.Record) string {
	request := struct{ Action, Identity, PolicyName, Policy string }{string(ledger.Put), name.Identity, name.PolicyName, r.Text}
	var value any = request
	if !r.Present {
		value = struct{ Action, Identity, PolicyName string }{string(ledger.Delete), name.Identity, name.PolicyName}
	}
	body, _ := json.Marshal(value) // strings always can be
	return string(body)
}

// historyJSON is the history for programs.
type historyJSON struct {
	Identity   string        `json:"identity"`
	PolicyName string        `json:"policyName"`
	Owner      *ownerJSON    `json:"owner"` // null if no stack owns it
	Versions   []versionJSON `json:"versions"`
}

// ownerJSON is a stack's resource. The stack's UUID is shown to nobody.
type ownerJSON struct {
	Stack     string `json:"stack"`
	LogicalID string `json:"logicalId"`
	Topic     string `json:"topic,omitempty"` // verified
}

type versionJSON struct {
	Version   int64      `json:"version"`
	Present   bool       `json:"present"` // false: a deletion
	Policy    string     `json:"policy"`
	SentAt    time.Time  `json:"sentAt"`
	At        time.Time  `json:"at"` // when it was applied
	MessageID string     `json:"messageId"`
	SenderID  string     `json:"senderId"`
	Topic     string     `json:"topic,omitempty"` // verified
	Resource  *ownerJSON `json:"resource,omitempty"`
}

func (h history) asJSON() historyJSON {
	j := historyJSON{Identity: h.current.Identity, PolicyName: h.current.PolicyName, Versions: []versionJSON{}}
	if o := h.current.Owner; o != nil {
		j.Owner = &ownerJSON{o.StackName(), o.LogicalID, o.Topic}
	}
	for _, r := range h.records {
		v := versionJSON{Version: r.Number, Present: r.Present, Policy: r.Text, SentAt: r.Order.Time(), At: r.At.UTC(),
			MessageID: r.MessageID, SenderID: r.By.SenderID, Topic: r.By.Topic}
		if r.By.StackID != "" {
			v.Resource = &ownerJSON{Stack: ledger.Owner{StackID: r.By.StackID}.StackName(), LogicalID: r.By.LogicalID}
		}
		j.Versions = append(j.Versions, v)
	}
	return j
}
