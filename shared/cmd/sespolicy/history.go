package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"sespolicy/shared/ledger"
	"sespolicy/shared/printout"
	"sespolicy/shared/requestfile"
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
		Long: "History shows what the queue's requests made of a policy: the current version first, and at most 50 earlier ones, each\n" +
			"with its requester and its time. A requester is the principal that called SendMessage, by the unique id that SQS\n" +
			"recorded. The whole text of each version is in the JSON.\n\n" +
			"--restore VERSION sends that version again, as an ordinary request through the queue. It is checked first, and\n" +
			"refused for a policy that belongs to a stack: its own stack restores it, or sespolicy release gives it up. A version\n" +
			"that is a deletion deletes the policy.\n\n" +
			"It needs the permissions dynamodb:BatchGetItem and dynamodb:Query on the table; --restore needs sqs:SendMessage too.",
		Example: "  sespolicy history example.com MyPolicy --stack sespolicy\n" +
			"  sespolicy history example.com MyPolicy --stack sespolicy --restore 3 --wait",
		Args: cobra.ExactArgs(2),
		RunE: func(command *cobra.Command, arguments []string) error {
			if err := errors.Join(checkFormat(flags.format, "text", "json"), flags.check(command)); err != nil {
				return err
			}
			if flags.wait && !command.Flags().Changed("restore") {
				return errors.New("got --wait without --restore")
			}
			name, err := policyName(arguments)
			if err != nil {
				return err
			}
			f, err := at.find(command.Context())
			if err != nil {
				return err
			}
			if flags.ledger, err = f.openLedger(command.Context()); err != nil {
				return err
			}
			h, err := readHistory(command, flags.ledger, name)
			switch {
			case err != nil:
				return err
			case command.Flags().Changed("restore"):
				return f.restore(command, h, flags)
			}
			return h.show(command, flags.format)
		},
	}
	command.ValidArgsFunction = cobra.NoFileCompletions
	at.register(command, requestQueue|ledgerTable)
	command.Flags().Int64Var(&flags.restore, "restore", 0, "send this version again")
	flags.registerWait(command)
	formatFlag(command, &flags.format, "text", "json")
	return command
}

// history is all that the ledger knows of a policy.
type history struct {
	current ledger.Policy
	records []ledger.Record // the current one first
}

func readHistory(command *cobra.Command, l *ledger.Ledger, name ledger.Name) (h history, err error) {
	var ok bool
	if h.current, ok, err = l.Policy(command.Context(), name); err != nil {
		return h, err
	}
	if !ok {
		return h, noRecord(name)
	}
	h.records, err = l.History(command.Context(), name)
	return h, err
}

func (h history) show(command *cobra.Command, format string) error {
	out := command.OutOrStdout()
	if format == "json" {
		return printout.WriteJSON(out, h.asJSON())
	}
	var rows [][]string
	for _, r := range h.records {
		rows = append(rows, []string{strconv.FormatInt(r.Number, 10), r.At.UTC().Format(time.RFC3339), requesterName(r.By), r.MessageID, cmp.Or(r.Text, "(deleted)")})
	}
	tabulate(out, "Versions, the current one first", []string{"version", "at", "by", "message id", "policy"}, rows, cut)
	if o := h.current.Owner; o != nil {
		_, _ = fmt.Fprintf(out, "\nIt belongs to %s.\n", printout.Escape(ownerName(*o)))
	}
	return nil
}

// restore sends a version again.
func (f *found) restore(command *cobra.Command, h history, flags historyFlags) error {
	record, err := h.version(flags.restore)
	if err != nil {
		return err
	}
	if o := h.current.Owner; o != nil && f.Guardrails["PROTECT_STACK_POLICIES"] != "false" {
		return withHint(fmt.Errorf("nothing was sent: the policy belongs to %s, so the function would refuse this as OwnedByStack", ownerName(*o)),
			"change the stack, or give the policy up first with sespolicy release")
	}
	text := restoring(h.current.Name, record)
	name := fmt.Sprintf("version %d", record.Number)
	request := []outgoing{{Entry: requestfile.Single(text), file: name, name: name, text: text}}
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
