package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/spf13/cobra"

	"sespolicy/shared/deadletter"
	"sespolicy/shared/examine"
	"sespolicy/shared/guardrail"
	"sespolicy/shared/ledger"
	"sespolicy/shared/printout"
	"sespolicy/shared/producer"
)

// sendFlags are those of send beside the deployment.
type sendFlags struct {
	format           string
	topic            string
	noCheck, changed bool
	prune            string
	wait             bool
	timeout          time.Duration
	ledger           *ledger.Ledger // to wait with
}

func newSendCommand() *cobra.Command {
	var at target
	var flags sendFlags
	command := &cobra.Command{
		Use:   "send FILE|FOLDER...",
		Short: "Check requests in files and send them to the queue or topic",
		RunE: func(command *cobra.Command, names []string) error {
			if err := flags.check(command); err != nil {
				return badUse(err)
			}
			files, err := readFiles(names, command.InOrStdin())
			if err != nil {
				return err
			}
			f, err := at.find(command.Context())
			if err != nil {
				return err
			}
			requests, err := requestsOf(files, f.owner())
			if err != nil {
				return err
			}
			if flags.changed {
				if requests, err = at.changedOnly(command, f, requests, flags.prune); err != nil {
					return err
				}
				if len(requests) == 0 {
					_, _ = fmt.Fprintln(command.ErrOrStderr(), "nothing was sent: nothing would change")
					return nil
				}
			} else if flags.prune != "" {
				return badUse(errors.New("got --prune without --changed"))
			}
			if err := f.publishTo(flags.topic, at); err != nil {
				return err
			}
			if !flags.noCheck {
				if err := f.checkRequests(command, requests); err != nil {
					return err
				}
			}
			if flags.wait {
				if flags.ledger, err = f.readyToWait(command.Context()); err != nil {
					return err
				}
			}
			return f.send(command, requests, flags)
		},
	}
	at.register(command, requestQueue|requestTopic|ledgerTable)
	registerTopic(command, &flags.topic, "publish to the SNS topic with this name, in the deployment's account and Region")
	flags.registerWait(command)
	command.Flags().BoolVar(&flags.noCheck, "no-check", false, "send what is wrong too, a Resource of another account included")
	command.Flags().BoolVar(&flags.changed, "changed", false, "send only what would change the account's policies, as plan shows it")
	command.Flags().StringVar(&flags.prune, "prune", "", "with --changed: delete the policies too that plan --prune shows")
	formatFlag(command, &flags.format, "text", "json")
	return command
}

// examiner checks requests for a deployment. Guardrails that are not known let
// all through.
func (d *deployment) examiner() (e *examine.Examiner, err error) {
	e = &examine.Examiner{QueueARN: d.queueARN(), Owner: d.owner(), OwnAccount: true}
	if d.Guardrails == nil {
		e.Guardrail, err = guardrail.New(guardrail.Off())
	} else {
		e.Guardrail, err = newGuardrail(func(variable string) string { return d.Guardrails[variable] })
	}
	return e, err
}

// checkRequests shows everything that is wrong with any of the requests.
func (f *found) checkRequests(command *cobra.Command, requests []examine.Request) error {
	e, err := f.examiner()
	if err != nil {
		return err
	}
	e.Topic = f.topicName()
	var files []printout.File
	for i := range requests {
		r := &requests[i]
		files = append(files, printout.NewFile(r.File, r.Text, e.Request(&r.Entry)))
	}
	if err := printout.Write(command.ErrOrStderr(), "text", files); err != nil {
		return err
	}
	if f.Guardrails == nil {
		_, _ = fmt.Fprintln(command.ErrOrStderr(), "the guardrails of the deployment are not known and were not checked: name it by --stack or --deployment")
	}
	if violations, _ := printout.Count(files); violations > 0 {
		return withHint(fmt.Errorf("nothing was sent: %s in %s", count(violations, "error"), count(len(requests), "request")), "--no-check sends the requests as they are")
	}
	return nil
}

// sentJSON is a request that was sent, for programs, and with --wait its outcome
// as status has it.
type sentJSON struct {
	MessageID  string     `json:"messageId"`
	File       string     `json:"file"`
	Line       int        `json:"line,omitempty"`
	Identity   string     `json:"identity,omitempty"`
	PolicyName string     `json:"policyName,omitempty"`
	Outcome    string     `json:"outcome,omitempty"`
	Code       string     `json:"code,omitempty"`
	Message    string     `json:"message,omitempty"`
	At         *time.Time `json:"at,omitempty"`
}

// destination is where requests go: the queue, or the topic if there is no queue.
func (f *found) destination() (to producer.Destination, name string, err error) {
	switch {
	case f.QueueURL != "":
		return producer.Queue{Client: sqs.NewFromConfig(f.config), URL: f.QueueURL}, f.QueueURL, nil
	case f.TopicARN != "":
		return producer.Topic{Client: sns.NewFromConfig(f.config), ARN: f.TopicARN}, f.TopicARN, nil
	default:
		return nil, "", withHint(errors.New("the deployment has neither a queue nor a topic"), "give --queue or --topic-arn")
	}
}

// send sends the requests and shows each one's message id, and with --wait their
// outcomes.
func (f *found) send(command *cobra.Command, requests []examine.Request, flags sendFlags) error {
	to, name, err := f.destination()
	if err != nil {
		return err
	}
	messages := make([]producer.Request, len(requests))
	all := make([]sentJSON, len(requests))
	for i, r := range requests {
		m := openRequest(r.Body, f.queueARN())
		all[i] = sentJSON{Identity: m.Request.Identity.Name, PolicyName: m.Request.PolicyName}
		all[i].File, all[i].Line = r.Place()
		messages[i] = producer.Request{Body: r.Body, Key: m.Request.Key(), Attributes: attributesOf(r)}
	}
	bar := progress(command.ErrOrStderr(), len(messages), "sending")
	out := command.OutOrStdout()
	sent := 0
	err = producer.Send(command.Context(), to, messages, func(i int, id string) {
		sent++
		all[i].MessageID = id
		_ = bar.Clear() // a bar that cannot be drawn must not stop the work
		if s := all[i]; flags.format == "text" {
			showLine(out, id+" "+strings.TrimSpace(s.place()+"  "+s.Identity+" "+s.PolicyName))
		}
		_ = bar.Add(1)
	})
	_ = bar.Finish()
	_, _ = fmt.Fprintf(command.ErrOrStderr(), "%d of %s sent to %s\n", sent, count(len(requests), "request"), printout.Escape(name))
	if flags.wait && err == nil {
		err = flags.await(command, all)
	}
	if flags.format == "json" {
		done := slices.DeleteFunc(slices.Clone(all), func(s sentJSON) bool { return s.MessageID == "" })
		if writeErr := printout.WriteJSON(out, done); writeErr != nil {
			return errors.Join(err, writeErr)
		}
	}
	if refused, ok := errors.AsType[*producer.RefusedError](err); ok {
		return fmt.Errorf("%s: %w", all[refused.Position].place(), err)
	}
	return err
}

func (s sentJSON) place() string {
	if s.Line == 0 {
		return s.File
	}
	return fmt.Sprintf("%s:%d", s.File, s.Line)
}

// attributesOf are the attributes that the request's sender gave its message.
func attributesOf(r examine.Request) map[string]types.MessageAttributeValue {
	if r.Attributes == nil {
		return nil
	}
	own := deadletter.Received{Letter: deadletter.Letter{Record: events.SQSMessage{MessageAttributes: r.Attributes}}}
	return own.SenderAttributes()
}
