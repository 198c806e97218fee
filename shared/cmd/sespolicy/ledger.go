package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/spf13/cobra"

	"sespolicy/shared/account"
	"sespolicy/shared/identity"
	"sespolicy/shared/ledger"
)

// eventsPage is where requesters read how outcomes reach another account.
const eventsPage = "see \"Outcomes in another account\" in events/README.md"

// openLedger opens the deployment's ledger, without reading it.
func (f *found) openLedger() (*ledger.Ledger, error) {
	if f.table == "" {
		return nil, withHint(errors.New("the ledger of the deployment is not known"),
			"give --stack NAME, --local, or --table NAME; the requester in another account gets outcomes as events: %s", eventsPage)
	}
	return ledger.New(dynamodb.NewFromConfig(f.config), f.table), nil
}

// ledger finds a deployment, and opens its ledger.
func (t *target) ledger(ctx context.Context) (*found, *ledger.Ledger, error) {
	f, err := t.find(ctx)
	if err != nil {
		return nil, nil, err
	}
	l, err := f.openLedger()
	return f, l, err
}

// policy finds a deployment and its ledger for the arguments IDENTITY NAME.
func (t *target) policy(command *cobra.Command, arguments []string) (*found, *ledger.Ledger, ledger.Name, error) {
	id, err := identity.Parse(arguments[0])
	if err != nil {
		return nil, nil, ledger.Name{}, badUse(fmt.Errorf("identity %s: %w", arguments[0], err))
	}
	f, l, err := t.ledger(command.Context())
	return f, l, ledger.Name{Identity: id.Name, PolicyName: arguments[1]}, err
}

// noRecord is the error for a policy that the ledger does not know.
func noRecord(name ledger.Name) error {
	return withHint(fmt.Errorf("the ledger has no record of the policy %s of %s", name.PolicyName, name.Identity),
		"upper and lower case count in policy names and addresses; a policy that did not come by the queue is not recorded")
}

// requesterName is who sent a request, as far as the ledger knows. What no topic
// vouches for is the sender's claim.
func requesterName(by ledger.Requester) string {
	var parts []string
	if by.SenderID != "" {
		parts = append(parts, by.SenderID)
	}
	if by.Topic != "" {
		parts = append(parts, "topic "+by.Topic)
	}
	if by.StackID != "" {
		parts = append(parts, account.StackWords(ledger.Owner{StackID: by.StackID, LogicalID: by.LogicalID}))
	}
	return strings.Join(parts, ", ")
}

// oneLine is a message of several lines in one.
func oneLine(text string) string { return strings.ReplaceAll(text, "\n", " ") }

// readLedger reads the current records of the deployment's ledger.
func readLedger(ctx context.Context, f *found) (map[ledger.Name]ledger.Policy, error) {
	l, err := f.openLedger()
	if err != nil {
		return nil, err
	}
	records := map[ledger.Name]ledger.Policy{}
	for record, err := range l.All(ctx) {
		if err != nil {
			return nil, fmt.Errorf("reading the ledger: %w", err)
		}
		records[record.Name] = record
	}
	return records, nil
}
