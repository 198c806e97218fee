package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go/middleware"
)

// refusedMessage checks that a message is refused with one of the codes. The
// SDK must not check it first.
func refusedMessage(name string, in sqs.SendMessageInput, codes ...string) func(context.Context, *world) (string, error) {
	return func(ctx context.Context, w *world) (string, error) {
		q, err := w.makeQueue(ctx, name, nil)
		if err != nil {
			return "", err
		}
		message := in
		_, err = w.send(ctx, q, &message, unvalidated)
		return "", refusedWith(err, codes...)
	}
}

func unvalidated(o *sqs.Options) {
	o.APIOptions = append(o.APIOptions, func(s *middleware.Stack) error {
		_, err := s.Initialize.Remove("OperationInputValidation")
		return err
	})
}

func attribute(name, value string) map[string]types.MessageAttributeValue {
	return map[string]types.MessageAttributeValue{name: {DataType: aws.String("String"), StringValue: &value}}
}

func elevenAttributes() map[string]types.MessageAttributeValue {
	all := map[string]types.MessageAttributeValue{}
	for i := range 11 {
		all[fmt.Sprintf("A%d", i)] = attribute("A", "v")["A"]
	}
	return all
}

// hasAttribute checks a system attribute of the one message on a queue.
func (w *world) hasAttribute(ctx context.Context, q madeQueue, name, want string) error {
	m, err := w.one(ctx, q, 5*time.Second)
	if err != nil {
		return err
	}
	if got, ok := m.Attributes[name]; !ok || got != want {
		return differs(name+" "+want, "%q", got)
	}
	return nil
}

// senderID checks how the SenderId of a message begins.
func senderID(m types.Message, prefixes ...string) (string, error) {
	id := m.Attributes["SenderId"]
	for _, each := range prefixes {
		if strings.HasPrefix(id, each) {
			return "SenderId: " + id, nil
		}
	}
	return "", differs("an id that begins with "+strings.Join(prefixes, " or "), "%q", id)
}
