package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"sespolicy/shared/deadletter"
	"sespolicy/shared/finding"
	"sespolicy/shared/local"
	"sespolicy/shared/reply"
)

// reportPolicies shows what is on SES now.
func reportPolicies(out io.Writer, stack *local.Stack) {
	var rows [][]string
	all := stack.Email.Policies()
	for _, identity := range slices.Sorted(maps.Keys(all)) {
		for _, name := range slices.Sorted(maps.Keys(all[identity])) {
			rows = append(rows, []string{identity, name, all[identity][name]})
		}
	}
	tabulate(out, "Policies on SES", []string{"identity", "policy name", "policy"}, rows, cut)
}

// reportAccount shows the account as sespolicy list does, from the same calls.
func reportAccount(ctx context.Context, out io.Writer, stack *local.Stack) error {
	at := accountFlags{target: target{local: true, endpoint: stack.URL}}
	v, err := at.openAccount(ctx)
	if err != nil {
		return err
	}
	if err := v.read(ctx, io.Discard, nil); err != nil {
		return err
	}
	v.tabulatePolicies(out, v.policies())
	return v.unreadError()
}

// reportWidth is how wide the table of dead letters is in a pipe or a log, which
// people read: a reason may list many violations.
const reportWidth = 160

// reportDeadLetters shows the dead letters with their reasons. names are the
// messages' names, by message id.
func reportDeadLetters(out io.Writer, stack *local.Stack, names map[string]string) {
	var rows [][]string
	for _, letter := range stack.DeadLetters().Snapshot() {
		attribute := func(name string) string { return letter.Attributes[name].StringValue }
		id := cmp.Or(attribute(deadletter.SourceMessageID), letter.ID)
		reason := attribute(deadletter.ErrorMessage)
		var violations []finding.Finding
		if json.Unmarshal([]byte(attribute(deadletter.Violations)), &violations) == nil && len(violations) > 0 {
			var all []string
			for _, violation := range violations {
				all = append(all, violation.Path+" ["+violation.Rule+"] "+violation.Message)
			}
			reason = strings.Join(all, "; ")
		}
		rows = append(rows, []string{cmp.Or(names[id], id), cmp.Or(attribute(deadletter.ErrorCode), "(ran out of receives)"), reason})
	}
	slices.SortFunc(rows, slices.Compare)
	if !isTerminal(out) {
		out = columns{out, reportWidth}
	}
	tabulate(out, "Dead letters", []string{"message", "code", "reason"}, rows, wrap)
}

// reportReplies shows who was told what.
func reportReplies(out io.Writer, stack *local.Stack) {
	var rows [][]string
	for _, answer := range stack.Responses.Answers() {
		rows = append(rows, []string{"CloudFormation", answer.Status, answer.LogicalResourceID,
			strings.TrimSpace(answer.PhysicalResourceID + " " + answer.Reason + " " + answer.Problem)})
	}
	for _, answer := range stack.States.Answers() {
		kind := "SendTaskFailure"
		if answer.Success {
			kind = "SendTaskSuccess"
		}
		rows = append(rows, []string{"Step Functions", kind, "task " + answer.Token[:min(len(answer.Token), 24)],
			strings.TrimSpace(answer.Output + answer.Error + " " + answer.Cause)})
	}
	events := map[[2]string]int{}
	for _, event := range stack.Bus.Events() {
		if event.Source == reply.EventSource {
			events[[2]string{event.DetailType, event.Bus}]++
		}
	}
	for _, kind := range slices.SortedFunc(maps.Keys(events), func(a, b [2]string) int { return slices.Compare(a[:], b[:]) }) {
		rows = append(rows, []string{"EventBridge", kind[0], fmt.Sprint(events[kind]), "on the event bus " + kind[1]})
	}
	tabulate(out, "Replies", []string{"to", "what", "of", "detail"}, rows, cut)
}
