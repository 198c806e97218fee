package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	pretty "github.com/jedib0t/go-pretty/v6/text"

	"sespolicy/shared/local"
	"sespolicy/shared/local/email"
	"sespolicy/shared/local/mapping"
	"sespolicy/shared/printout"
)

// live prints a line for each thing that happens while a stack runs.
type live struct {
	out     io.Writer
	replies bool // show what requesters are told, too

	mu    sync.Mutex
	names map[string]string // message id: what to call it
}

func (l *live) observer() local.Observer {
	o := local.Observer{Request: l.request, Line: l.line, Mapping: l.mapping, Call: l.call}
	if l.replies {
		o.Reply = l.reply
	}
	return o
}

// name gives a message a name to be shown by.
func (l *live) name(messageID, name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.names == nil {
		l.names = map[string]string{}
	}
	l.names[messageID] = name
}

func (l *live) request(r local.Request) {
	l.mu.Lock()
	name, named := l.names[r.MessageID]
	l.mu.Unlock()
	what := strings.Trim(r.Identity+" "+r.PolicyName, " ")
	switch {
	case named:
		what = name
	case what == "":
		what = r.MessageID
	}
	detail := "queued " + milliseconds(r.QueuedMS)
	if r.CallMS > 0 {
		detail += ", SES call " + milliseconds(r.CallMS)
	}
	if r.ReceiveCount > 1 {
		detail += fmt.Sprintf(", receive %d", r.ReceiveCount)
	}
	if r.Reason != "" {
		detail += ": " + r.Reason
	}
	l.print(r.Time, r.Outcome, r.Code, what+"  ("+detail+")")
}

func (l *live) mapping(event mapping.Event) {
	size := fmt.Sprintf("a batch of %d", len(event.Messages))
	switch event.Kind {
	case mapping.FunctionError:
		if event.Err != nil {
			return // the function was stopped: so is all of this
		}
		l.print(time.Now(), "Error", string(event.Kind), size+" comes back: "+failure(event.Result.Payload))
	case mapping.BadResponse:
		l.print(time.Now(), "Error", string(event.Kind), size+" comes back: "+event.Err.Error())
	case mapping.Dropped:
		l.print(time.Now(), "Retry", string(event.Kind), size+" was throttled until its visibility timeout passed")
	case mapping.QueueError:
		l.print(time.Now(), "Error", string(event.Kind), event.Err.Error())
	}
}

func (l *live) call(call email.Call) {
	if call.Code == "Throttling" {
		l.print(call.Time, "", call.Code, "SES refused "+call.Action+" of "+call.Identity+" "+call.PolicyName)
	}
}

// failure is the short form of a function error.
func failure(payload []byte) string {
	var f struct{ ErrorType, ErrorMessage string }
	if json.Unmarshal(payload, &f) != nil {
		return string(payload)
	}
	return f.ErrorType + ": " + f.ErrorMessage
}

// reply is what a requester was told, whole.
func (l *live) reply(r local.Reply) {
	what := r.To + ": " + r.Of + "  " + strings.TrimSpace(strings.Join(strings.Fields(r.Body), " "))
	if r.Problem != "" {
		what = r.To + ": " + r.Of + "  would be refused: " + r.Problem + "  " + r.Body
	}
	l.print(r.Time, "Reply", r.What, what)
}

// line is anything else that the function wrote.
func (l *live) line(line string) { l.write(indent + "function: " + line) }

func (l *live) print(at time.Time, outcome, code, what string) {
	l.write(strings.TrimRight(fmt.Sprintf("%s  %-10s %-18s  %s", at.Local().Format(time.TimeOnly), outcome, code, what), " "))
}

// indent is where a line that does not fit goes on: below the outcome.
const indent = "          "

// write writes one line. On a terminal, a line that does not fit is wrapped.
func (l *live) write(line string) {
	_, _ = fmt.Fprintln(l.out, hang(printout.Escape(line), terminalWidth(l.out)))
}

// hang wraps a line to the width, at a space where there is one in the second
// half. The lines after the first are indented, and spaces are kept.
func hang(line string, width int) string {
	if width <= 2*len(indent) {
		return line
	}
	var b strings.Builder
	for room := width; pretty.StringWidthWithoutEscSequences(line) > room; room = width - len(indent) {
		first := pretty.Trim(line, room)
		if space := strings.LastIndexByte(first, ' '); space > len(first)/2 && line[len(first)] != ' ' {
			first = first[:space]
		}
		b.WriteString(strings.TrimRight(first, " ") + "\n" + indent)
		line = strings.TrimLeft(line[len(first):], " ")
	}
	return b.String() + line
}

// milliseconds is a duration as people read it.
func milliseconds(n int64) string {
	return (time.Duration(n) * time.Millisecond).Round(time.Millisecond).String()
}
