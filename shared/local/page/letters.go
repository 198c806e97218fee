package page

import (
	"cmp"
	"net/http"
	"slices"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"sespolicy/shared/deadletter"
	"sespolicy/shared/finding"
	"sespolicy/shared/local/queue"
	"sespolicy/shared/message"
	"sespolicy/shared/redrive"
)

// maxLetters is how many dead letters are shown, the newest.
const maxLetters = 50

// letter is one dead letter.
type letter struct {
	ID, SourceID  string // of the letter, and of the request's message
	Name, Time    string
	Code, Message string
	AnsweredTo    string // who was told: such a letter is not put back
	Texts         []marked
	Findings      []finding.Finding

	token string // of the task that waited
}

// marked is a text with its faults marked.
type marked struct {
	Title    string
	Segments []segment
}

// letters are the dead letters, the newest first. Nothing is received: a look
// here hides no letter from anybody.
func (p *page) letters() []letter {
	var all []letter
	messages := p.stack.DeadLetters().Snapshot()
	slices.Reverse(messages)
	for _, m := range messages[:min(len(messages), maxLetters)] {
		received := deadletter.Read(asReceived(m))
		opened, source, _ := message.Open(events.SQSMessage{Body: m.Body})
		l := letter{
			ID: m.ID, SourceID: received.Record.MessageId, Time: clock(received.Sent),
			Name: name(opened.Request.Identity.Name, opened.Request.PolicyName, m.ID),
			Code: cmp.Or(received.Code, redrive.RanOutOfReceives), Message: received.Message,
			AnsweredTo: received.AnsweredTo, Findings: received.Violations, token: opened.TaskToken,
		}
		if received.RanOut {
			l.Code, l.Message, l.Findings = redrive.RanOutOfReceives, "SQS moved it here: it was received as often as it may be", nil
		}
		l.Texts = texts(m.Body, source, l.Findings)
		all = append(all, l)
	}
	return all
}

// texts are the letter's body, and the texts that stand as strings in it and
// have faults.
func texts(body string, source *message.Source, findings []finding.Finding) []marked {
	var order []string
	within := map[string][]finding.Finding{}
	titles := map[string]string{}
	for _, f := range findings {
		text, isPolicy := source.TextAt(f.Path)
		order = append(order, text)
		within[text] = append(within[text], f)
		titles[text] = "The request in it"
		if isPolicy {
			titles[text] = "The policy in it"
		}
	}
	order, titles[body] = append(order, body), "Body"
	var all []marked
	for i, text := range order {
		if slices.Index(order, text) == i {
			all = append(all, marked{titles[text], mark(text, within[text])})
		}
	}
	return all
}

// asReceived is a message as SQS hands it out.
func asReceived(m queue.Message) types.Message {
	out := types.Message{MessageId: &m.ID, Body: &m.Body, Attributes: m.SystemAttributes(), MessageAttributes: map[string]types.MessageAttributeValue{}}
	for name, a := range m.Attributes {
		value := types.MessageAttributeValue{DataType: aws.String(a.DataType), BinaryValue: a.BinaryValue}
		if !a.Binary() {
			value.StringValue = aws.String(a.StringValue)
		}
		out.MessageAttributes[name] = value
	}
	return out
}

// redrive puts one letter back, as sespolicy dlq redrive does.
func (p *page) redrive(w http.ResponseWriter, r *http.Request) {
	of := func(q *queue.Queue) redrive.Queue { return redrive.Queue{URL: q.URL(), ARN: q.ARN()} }
	sent := ""
	run := redrive.Redrive{
		Client: sqs.NewFromConfig(p.stack.ClientConfig()), From: of(p.stack.DeadLetters()), To: of(p.stack.Source()),
		Filter: redrive.Filter{IDs: []string{r.FormValue("id")}}, Rate: redrive.MaxRate,
		Done: func(_ *redrive.Letter, id string) { sent = id },
	}
	report, err := run.Run(r.Context())
	switch {
	case err != nil:
		p.answer(w, notice{Failed: true, Text: "It was not put back: " + err.Error()})
	case sent != "":
		p.answer(w, notice{Text: "It was put back on the request queue as message " + sent + "."})
	case len(report.Answered) > 0:
		p.answer(w, notice{Failed: true, Text: "It stays: " + report.Answered[0].AnsweredTo + " was told that it failed.",
			Hint: "Request it again: deploy the stack, start the execution."})
	default:
		p.answer(w, notice{Failed: true, Text: "It is no longer on the dead-letter queue, or somebody has received it."})
	}
}
