// Command bootstrap is a small function in the place of the real one. It puts the
// policy of each SQS record on SES and dead-letters what SES refuses; it does
// what any other event tells it to.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/ses"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

type event struct {
	events.SQSEvent
	Do, Text string
}

var invocations int // of this process

func main() {
	switch {
	case os.Getenv("MIN_CALL_INTERVAL") == "broken":
		fmt.Fprintln(os.Stderr, "the environment is wrong: MIN_CALL_INTERVAL")
		os.Exit(1)
	case os.Getenv("START") == "killed":
		self, _ := os.FindProcess(os.Getpid())
		_ = self.Kill()
	}
	lambda.Start(func(ctx context.Context, e event) (any, error) {
		invocations++
		if len(e.Records) > 0 {
			return apply(ctx, e.Records)
		}
		return obey(ctx, e)
	})
}

// apply puts the policies of a batch.
func apply(ctx context.Context, records []events.SQSMessage) (response events.SQSEventResponse, err error) {
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return response, err
	}
	deadLetters := os.Getenv("DEAD_LETTER_QUEUE_URL")
	for _, record := range records {
		var request ses.PutIdentityPolicyInput
		result := "Applied"
		err := json.Unmarshal([]byte(record.Body), &request)
		if err == nil {
			_, err = ses.NewFromConfig(cfg).PutIdentityPolicy(ctx, &request)
		}
		if err != nil {
			result = "Rejected"
			if _, err := sqs.NewFromConfig(cfg).SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &deadLetters, MessageBody: &record.Body}); err != nil {
				return response, err
			}
		}
		fmt.Println(`{"_aws":{"CloudWatchMetrics":[]}}`)
		lambdacontext.NewLogger().WarnContext(ctx, "request", "messageId", record.MessageId, "outcome", result, "receiveCount", 1)
	}
	fmt.Println("a line of another kind")
	return response, nil
}

// obey does what an event says, and answers with what the function can see.
func obey(ctx context.Context, e event) (any, error) {
	switch e.Do {
	case "panic":
		panic(e.Text)
	case "error":
		return nil, errors.New(e.Text)
	case "exit":
		os.Exit(len(e.Text))
	case "hang":
		fmt.Println("hanging")
		select {}
	case "large":
		return strings.Repeat("x", 7<<20), nil
	case "lines":
		for i := range 1000 {
			fmt.Println("line", i)
		}
		fmt.Print("no newline")
	case "variables":
		return os.Environ(), nil
	}
	deadline, _ := ctx.Deadline()
	invocation, _ := lambdacontext.FromContext(ctx)
	return map[string]any{
		"text": e.Text, "count": invocations, "pid": os.Getpid(), "left": time.Until(deadline).Round(time.Second).String(),
		"id": invocation.AwsRequestID, "arn": invocation.InvokedFunctionArn, "trace": strings.HasPrefix(os.Getenv("_X_AMZN_TRACE_ID"), "Root=1-"),
	}, nil
}
