package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"sespolicy/shared/local"
	"sespolicy/shared/local/page"
)

func newLocalCommand() *cobra.Command {
	flags := stackFlags{page: page.New}
	command := &cobra.Command{
		Use:   "local",
		Short: "Run everything here until Ctrl-C, for any AWS client",
		RunE: func(command *cobra.Command, _ []string) error {
			out := command.OutOrStdout()
			lines := &live{out: out, replies: true}
			stack, end, err := flags.start(command.Context(), out, true, lines.observer())
			if err != nil {
				return err
			}
			defer end()
			greet(out, stack)
			stack.Resume()
			<-command.Context().Done()
			summarise(out, stack)
			return nil
		},
	}
	flags.register(command, local.DefaultListen)
	return command
}

// greet says how to talk to the stack.
func greet(out io.Writer, stack *local.Stack) {
	environment := stack.Environment()
	var exports []string
	for _, name := range slices.Sorted(maps.Keys(environment)) {
		exports = append(exports, name+"="+environment[name])
	}
	var b strings.Builder
	fmt.Fprintf(&b, "\nsespolicy local serves %s, for a browser too\n\n", stack.URL)
	fmt.Fprintf(&b, "  export %s\n\n", strings.Join(exports, " \\\n         "))
	for _, q := range stack.Resources.Queues {
		fmt.Fprintf(&b, "  %-16s %s\n", q.Name, q.URL)
	}
	for _, t := range stack.Resources.Topics {
		fmt.Fprintf(&b, "  %-16s %s\n", t.Name, t.ARN)
	}
	function := stack.Function.ARN()
	fmt.Fprintf(&b, "  %-16s %s\n\n", "Function", function[strings.LastIndexByte(function, ':')+1:])
	// The AWS CLI of version 1 takes the endpoint of SQS from this flag alone.
	fmt.Fprintf(&b, "  aws --endpoint-url %s sqs send-message \\\n    --queue-url %s \\\n    --message-body file://request.json\n",
		stack.URL, stack.Source().URL())
	fmt.Fprintf(&b, "  aws --endpoint-url %s ses list-identity-policies \\\n    --identity example.com\n\n", stack.URL)
	b.WriteString("  A stack's request to the topic gets a ResponseURL of its own, served here.\n\n")
	b.WriteString("Ctrl-C ends it. What happens:\n\n")
	_, _ = io.WriteString(out, b.String())
}

// summarise shows how all requests ended.
func summarise(out io.Writer, stack *local.Stack) {
	counts := map[[2]string]int{}
	for _, request := range stack.Requests() {
		counts[[2]string{request.Outcome, request.Code}]++
	}
	keys := slices.SortedFunc(maps.Keys(counts), func(a, b [2]string) int { return slices.Compare(a[:], b[:]) })
	var rows [][]string
	for _, key := range keys {
		rows = append(rows, []string{key[0], key[1], fmt.Sprint(counts[key])})
	}
	_, _ = fmt.Fprintln(out)
	tabulate(out, "Outcomes", []string{"outcome", "code", "requests"}, rows, cut)
	reportPolicies(out, stack)
	reportDeadLetters(out, stack, nil)
	reportReplies(out, stack)
	stats, waiting := stack.Stats(), stack.Source().Counts()
	line := fmt.Sprintf("%d messages received, %d invocations, %d batches turned away while the function was busy, %d function errors; %d messages still on %s",
		stats.Received, stats.Invocations, stats.Throttles, stats.FunctionErrors,
		waiting.Visible+waiting.InFlight+waiting.Delayed, stack.Source().Name())
	_, _ = fmt.Fprintln(out, "\n"+hang(line, terminalWidth(out)))
}
