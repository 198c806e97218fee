// Command bootstrap is a small function in the place of the real one: it puts
// each request's policy on SES, and dead-letters what SES refuses.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/ses"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/smithy-go"
)

func main() {
	deadLetters := os.Getenv("DEAD_LETTER_QUEUE_URL")
	if os.Getenv("MIN_CALL_INTERVAL") == "broken" {
		fmt.Fprintln(os.Stderr, "the environment is wrong: MIN_CALL_INTERVAL")
		os.Exit(1)
	}
	log := lambdacontext.NewLogger()
	lambda.Start(func(ctx context.Context, event events.SQSEvent) (events.SQSEventResponse, error) {
		response := events.SQSEventResponse{BatchItemFailures: []events.SQSBatchItemFailure{}}
		cfg, err := config.LoadDefaultConfig(ctx)
		if err != nil {
			return response, err
		}
		for _, record := range event.Records {
			var request struct {
				Detail struct{ Identity string } `json:"detail"`
				ses.PutIdentityPolicyInput
			}
			var refused smithy.APIError
			result := "Applied"
			err := json.Unmarshal([]byte(record.Body), &request)
			if err == nil {
				_, err = ses.NewFromConfig(cfg).PutIdentityPolicy(ctx, &request.PutIdentityPolicyInput)
			}
			switch {
			case errors.As(err, &refused) && refused.ErrorFault() == smithy.FaultServer:
				result = "Retry"
				response.BatchItemFailures = append(response.BatchItemFailures, events.SQSBatchItemFailure{ItemIdentifier: record.MessageId})
			case err != nil:
				result = "Rejected"
				if _, err := sqs.NewFromConfig(cfg).SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &deadLetters, MessageBody: &record.Body}); err != nil {
					return response, err
				}
			}
			fmt.Println(`{"_aws":{"CloudWatchMetrics":[]}}`)
			log.WarnContext(ctx, "request", "messageId", record.MessageId, "outcome", result, "receiveCount", 1)
		}
		fmt.Println("a line of another kind")
		return response, nil
	})
}
