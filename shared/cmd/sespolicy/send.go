package main

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-lambda-go/events"
	"github.com/spf13/cobra"

	"sespolicy/shared/document"
	"sespolicy/shared/guardrail"
	"sespolicy/shared/identity"
	"sespolicy/shared/message"
	"sespolicy/shared/outcome"
	"sespolicy/shared/printout"
	"sespolicy/shared/producer"
)

// sendFlags are those of send beside the queue.
type sendFlags struct {
	group   string
	format  string
	noCheck bool
}

func newSendCommand() *cobra.Command {
	var at queueFlags
	var flags sendFlags
	command := &cobra.Command{
		Use:   "send FILE...",
		Short: "Check requests in files and send them to the request queue",
		Long: "Send takes requests from files: one request, one a line (.ndjson, .jsonl), or an SQS event as in events/, whose messages\n" +
			"go with their attributes. A folder means the .json, .ndjson and .jsonl files in it, - standard input.\n\n" +
			"All are checked first, as the function would but for this deployment's guardrails, and nothing is sent when anything is\n" +
			"wrong. Each message id is shown with the file it came from. On a FIFO queue the message group is the identity, and\n" +
			"the deduplication ids are this run's own.",
		Args: cobra.MinimumNArgs(1),
		RunE: explained(func(command *cobra.Command, names []string) error {
			if err := oneOf("format", flags.format, "text", "json"); err != nil {
				return err
			}
			requests, err := readRequests(names, command.InOrStdin())
			if err != nil {
				return err
			}
			found, err := at.open(command.Context(), needsRequests)
			if err != nil {
				return err
			}
			if !flags.noCheck {
				if err := checkRequests(command, requests, found.requests.ARN); err != nil {
					return err
				}
			}
			return found.send(command, requests, flags)
		}),
	}
	at.register(command.Flags())
	f := command.Flags()
	f.BoolVar(&flags.noCheck, "no-check", false, "send what is wrong too")
	f.StringVar(&flags.group, "group", "", "FIFO: the message group of all (the identity of each)")
	f.StringVar(&flags.format, "format", "text", "text or json")
	return command
}

// openExaminer checks requests for a queue. What this deployment refuses is
// not known here: the guardrails let all through.
func openExaminer(queueARN string) (*examiner, error) {
	fence, err := guardrail.New(guardrail.Off())
	if err != nil {
		return nil, err
	}
	owner, err := identity.ParseOwner(queueARN)
	return &examiner{fence: fence, queueARN: queueARN, owner: owner}, err
}

// openRequest opens a body as the function does.
func openRequest(body, queueARN string) (message.Message, *outcome.Rejection) {
	m, _, refused := message.Open(events.SQSMessage{Body: body, EventSourceARN: queueARN})
	return m, refused
}

// asRequest checks a text as what it will be on the queue: a request.
func (e *examiner) asRequest(name string, text []byte) printout.File {
	file := printout.File{Name: name}
	doc, findings := document.Read(text)
	if doc != nil {
		findings = e.request(text)
	}
	for _, f := range findings {
		file.Findings = append(file.Findings, f)
		file.Lines = append(file.Lines, lineAt(string(text), f.Line))
	}
	return file
}

// checkRequests shows everything that is wrong with any of the requests.
func checkRequests(command *cobra.Command, requests []outgoing, queueARN string) error {
	e, err := openExaminer(queueARN)
	if err != nil {
		return err
	}
	var files []printout.File
	for _, r := range requests {
		file := e.asRequest(r.file, []byte(r.body))
		for i := range file.Findings {
			file.Findings[i].Line += r.line
		}
		files = append(files, file)
	}
	if err := printout.Write(command.ErrOrStderr(), "text", files); err != nil {
		return err
	}
	if violations, _ := printout.Count(files); violations > 0 {
		return fmt.Errorf("nothing was sent: %s in %s; --no-check sends it all the same", count(violations, "violation"), count(len(requests), "request"))
	}
	return nil
}

// sentJSON is a request that was sent, for programs.
type sentJSON struct {
	MessageID  string `json:"messageId"`
	File       string `json:"file"`
	Line       int    `json:"line,omitempty"`
	Identity   string `json:"identity,omitempty"`
	PolicyName string `json:"policyName,omitempty"`
}

// send sends the requests and shows each one's message id.
func (q *queues) send(command *cobra.Command, requests []outgoing, flags sendFlags) error {
	run := rand.Text()
	var messages []producer.Request
	shown := make([]sentJSON, len(requests))
	for i, r := range requests {
		m, _ := openRequest(r.body, q.requests.ARN)
		shown[i] = sentJSON{File: r.file, Line: r.line, Identity: m.Request.Identity.Name, PolicyName: m.Request.PolicyName}
		if r.line > 0 || r.ofMany {
			shown[i].Line = r.line + 1
		}
		one := producer.Request{Body: r.body, Attributes: r.attributes}
		if q.requests.FIFO() {
			one.GroupID, one.DeduplicationID = group(flags.group, m), fmt.Sprintf("%s-%d", run, i)
		}
		messages = append(messages, one)
	}
	bar := progress(command.ErrOrStderr(), len(messages), "sending")
	out := command.OutOrStdout()
	sent := 0
	err := producer.Send(command.Context(), q.client, q.requests.URL, messages, func(i int, id string) {
		sent++
		shown[i].MessageID = id
		_ = bar.Clear() // a bar that cannot be drawn must not stop the work
		if s := shown[i]; flags.format == "text" {
			_, _ = fmt.Fprintln(out, id, printable(strings.TrimSpace(s.place()+"  "+s.Identity+" "+s.PolicyName)))
		}
		_ = bar.Add(1)
	})
	_ = bar.Finish()
	if flags.format == "json" {
		done := slices.DeleteFunc(slices.Clone(shown), func(s sentJSON) bool { return s.MessageID == "" })
		err = errors.Join(err, writeJSON(out, done))
	}
	_, _ = fmt.Fprintf(command.ErrOrStderr(), "%d of %s sent to %s\n", sent, count(len(requests), "request"), q.requests.URL)
	if refused, ok := errors.AsType[*producer.RefusedError](err); ok {
		return fmt.Errorf("%s: %w", shown[refused.Position].place(), err)
	}
	return err
}

func (s sentJSON) place() string {
	if s.Line == 0 {
		return s.File
	}
	return fmt.Sprintf("%s:%d", s.File, s.Line)
}

// maxGroup is the longest MessageGroupId, in characters.
const maxGroup = 128

// group is a request's message group: one for each identity, so that SQS keeps
// their order. A longer name than SQS takes stands for itself by its digest.
func group(given string, m message.Message) string {
	name := m.Request.Identity.Key()
	switch {
	case given != "":
		return given
	case name == "":
		return "no-identity" // a delete of nothing, or what could not be read
	case len(name) > maxGroup:
		digest := sha256.Sum256([]byte(name))
		return hex.EncodeToString(digest[:])
	default:
		return name
	}
}
