package page

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"sespolicy/shared/local"
	"sespolicy/shared/local/queue"
	"sespolicy/shared/message"
)

// maxFlow is how many requests are shown, the newest.
const maxFlow = 30

// request is one request on its way.
type request struct {
	Name, Time      string
	Outcome, Reason string // empty until the function has it
	Stages          []stage

	at time.Time
}

// stage is one step of the way.
type stage struct {
	Name, Text string
	State      string // for the style sheet
}

// The states of a stage.
const (
	ahead  = "ahead" // not reached, or left out
	here   = "here"
	passed = "passed"
	ended  = "ended"
)

// flow is what became of the newest requests, the newest first. The way of one
// is put together from the queue, the function's log, the replies and the
// dead-letter queue.
func (p *page) flow(letters []letter) []request {
	var all []request
	told := byRequest(p.stack.Replies(), letters)
	lettered := map[string]letter{}
	for _, l := range letters {
		lettered[cmp.Or(l.SourceID, l.ID)] = l
	}
	done := map[string]bool{}
	logged := p.stack.Requests()
	for i := len(logged) - 1; i >= 0 && len(all) < maxFlow; i-- {
		if r := logged[i]; !done[r.MessageID] {
			done[r.MessageID] = true
			l, isLetter := lettered[r.MessageID]
			all = append(all, ofLog(r, slices.Concat(told[r.MessageID], told[r.SourceID]), l, isLetter))
		}
	}
	for _, m := range p.stack.Source().Snapshot() {
		if !done[m.ID] {
			all = append(all, ofQueue(m))
		}
	}
	slices.SortStableFunc(all, func(a, b request) int { return b.at.Compare(a.at) })
	return all[:min(len(all), maxFlow)]
}

// byRequest puts replies to the message id, or the custom resource request's id,
// that they are about. A failed task's reply names neither: its token is in the
// dead letter.
func byRequest(replies []local.Reply, letters []letter) map[string][]string {
	tokens := map[string]string{}
	for _, l := range letters {
		tokens[l.token] = cmp.Or(l.SourceID, l.ID)
	}
	delete(tokens, "")
	told := map[string][]string{}
	for _, r := range replies {
		id := cmp.Or(r.MessageID, r.SourceID, tokens[r.Token])
		told[id] = append(told[id], r.To+" "+strings.TrimPrefix(r.What, "SES Identity Policy "))
	}
	delete(told, "")
	return told
}

// ofLog is a request that the function has logged.
func ofLog(r local.Request, told []string, l letter, isLetter bool) request {
	out := request{Name: name(r.Identity, r.PolicyName, r.MessageID), Time: clock(r.Time), Outcome: r.Outcome, Reason: r.Reason, at: r.Time.Add(-time.Duration(r.QueuedMS) * time.Millisecond)}
	checks, pause, ses := stage{"Checks", "passed", passed}, stage{"Pause", duration(r.QueuedMS - r.CallMS), passed}, stage{"SES", "not called", ahead}
	answer, dead := stage{"Answer", "nobody waits", ahead}, stage{"Dead letter", "none", ahead}
	called := r.CallMS > 0
	switch {
	case r.Outcome == "Applied", r.Outcome == "Deleted":
		ses = stage{"SES", "took it in " + duration(r.CallMS), passed}
	case r.Outcome == "Retry" && called:
		ses = stage{"SES", r.Code + ", comes back", here}
	case r.Outcome == "Retry":
		pause = stage{"Pause", r.Code + ", comes back", here}
	case r.Outcome == "Rejected" && called:
		ses = stage{"SES", r.Code, ended}
	case r.Outcome == "Rejected":
		checks, pause = stage{"Checks", r.Code, ended}, stage{"Pause", "none", ahead}
	case r.Outcome == "Superseded":
		ses = stage{"SES", "a newer request won", ahead}
	}
	if len(told) > 0 {
		answer = stage{"Answer", strings.Join(told, ", "), passed}
	}
	switch {
	case isLetter:
		dead = stage{"Dead letter", l.Code, ended}
	case r.Outcome == "Rejected":
		dead = stage{"Dead letter", "no longer there", ahead}
	}
	from := "by " + r.Source
	if r.ReceiveCount > 1 {
		from += fmt.Sprintf(", receive %d", r.ReceiveCount)
	}
	out.Stages = []stage{{"Request", from, passed}, checks, pause, ses, answer, dead}
	return out
}

// ofQueue is a request that the function has not logged yet.
func ofQueue(m queue.Message) request {
	opened, _, _ := message.Open(events.SQSMessage{Body: m.Body})
	r := opened.Request
	out := request{Name: name(r.Identity.Name, r.PolicyName, m.ID), Time: clock(m.Sent), at: m.Sent}
	arrived, checks, pause := stage{"Request", "waits on the queue", here}, stage{"Checks", "", ahead}, stage{"Pause", "", ahead}
	if m.State == queue.InFlight {
		arrived, checks, pause = stage{"Request", "by " + opened.Origin, passed}, stage{"Checks", "with the function", here}, stage{"Pause", "one call a second", here}
	}
	out.Stages = []stage{arrived, checks, pause, {"SES", "", ahead}, {"Answer", "", ahead}, {"Dead letter", "", ahead}}
	return out
}

// name is how a request is called.
func name(identity, policyName, messageID string) string {
	return cmp.Or(strings.TrimSpace(identity+" "+policyName), messageID)
}

func clock(at time.Time) string { return at.Local().Format(time.TimeOnly) }

func duration(ms int64) string {
	return (time.Duration(max(ms, 0)) * time.Millisecond).Round(time.Millisecond).String()
}
