package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	pretty "github.com/jedib0t/go-pretty/v6/text"
	"golang.org/x/term"

	"sespolicy/shared/deadletter"
	"sespolicy/shared/finding"
	"sespolicy/shared/local"
	"sespolicy/shared/reply"
)

// defaultWidth is that of a table where there is no terminal.
const defaultWidth = 132

// cut fits a text into one line.
func cut(text string, width int) string { return pretty.Snip(text, width, "…") }

// report prints a table of rows under a title; its last column takes the room
// that is left, and is fitted into it. Without rows it says that there are none.
func report(out io.Writer, title string, header []string, rows [][]string, fit func(text string, width int) string) {
	if len(rows) == 0 {
		_, _ = fmt.Fprintf(out, "\n%s: none\n", title)
		return
	}
	width := defaultWidth
	if file, ok := out.(*os.File); ok {
		if columns, _, err := term.GetSize(int(file.Fd())); err == nil {
			width = columns
		}
	}
	last := len(header) - 1
	widest := make([]int, len(header))
	writer := table.NewWriter()
	writer.AppendHeader(row(header))
	for _, cells := range rows {
		clean := make([]string, len(cells))
		for i, cell := range cells {
			clean[i] = printable(cell)
			widest[i] = max(widest[i], pretty.StringWidthWithoutEscSequences(clean[i]))
		}
		writer.AppendRow(row(clean))
	}
	left := width - 1 - 3*len(header)
	for i := range last {
		left -= max(widest[i], len(header[i]))
	}
	writer.SetColumnConfigs([]table.ColumnConfig{{Number: last + 1, WidthMax: max(left, 30), WidthMaxEnforcer: fit}})
	writer.SetStyle(table.StyleLight)
	writer.Style().Format.Header = pretty.FormatDefault
	_, _ = fmt.Fprintf(out, "\n%s\n%s\n", title, writer.Render())
}

func row(cells []string) table.Row {
	r := make(table.Row, len(cells))
	for i, cell := range cells {
		r[i] = cell
	}
	return r
}

// reportPolicies shows what is on SES now.
func reportPolicies(out io.Writer, stack *local.Stack) {
	var rows [][]string
	all := stack.Email.Policies()
	for _, identity := range slices.Sorted(maps.Keys(all)) {
		for _, name := range slices.Sorted(maps.Keys(all[identity])) {
			rows = append(rows, []string{identity, name, all[identity][name]})
		}
	}
	report(out, "Policies on SES", []string{"identity", "policy name", "policy"}, rows, cut)
}

// reportDeadLetters shows the dead letters with their reasons. A message is
// called by its name, if it has one.
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
	report(out, "Dead letters", []string{"message", "code", "reason"}, rows, pretty.WrapSoft)
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
	report(out, "Replies", []string{"to", "what", "of", "detail"}, rows, cut)
}
