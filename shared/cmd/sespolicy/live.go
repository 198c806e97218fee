package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"sespolicy/shared/local"
	"sespolicy/shared/local/email"
	"sespolicy/shared/local/mapping"
)

// live prints a line for each thing that happens while a stack runs.
type live struct {
	out io.Writer

	mu    sync.Mutex
	names map[string]string // message id: what to call it
}

func (l *live) observer() local.Observer {
	return local.Observer{Request: l.request, Line: l.line, Mapping: l.mapping, Call: l.call}
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

// line is anything else that the function wrote.
func (l *live) line(line string) { l.write("          function: " + line) }

func (l *live) print(at time.Time, outcome, code, what string) {
	l.write(fmt.Sprintf("%s  %-10s %-18s  %s", at.Local().Format(time.TimeOnly), outcome, code, what))
}

// write writes one line.
func (l *live) write(line string) { showLine(l.out, line) }

// milliseconds is a duration as people read it.
func milliseconds(n int64) string {
	return (time.Duration(n) * time.Millisecond).Round(time.Millisecond).String()
}
