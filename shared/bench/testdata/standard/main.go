// Command standard is a Lambda function with the SDK's standard configuration
// and the clients that this project has, and no other code. EventBridge and
// Step Functions are linked but made only when needed, as in this project.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/ses"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

func main() {
	cfg, err := config.LoadDefaultConfig(context.Background())
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	emails, queues, tables := ses.NewFromConfig(cfg), sqs.NewFromConfig(cfg), dynamodb.NewFromConfig(cfg)
	lambda.StartHandlerFunc(func(ctx context.Context, in *ses.PutIdentityPolicyInput) (any, error) {
		if _, err := emails.PutIdentityPolicy(ctx, in); err != nil {
			return nil, err
		}
		if _, err := eventbridge.NewFromConfig(cfg).PutEvents(ctx, &eventbridge.PutEventsInput{}); err != nil {
			return nil, err
		}
		if _, err := sfn.NewFromConfig(cfg).SendTaskSuccess(ctx, &sfn.SendTaskSuccessInput{Output: in.Policy}); err != nil {
			return nil, err
		}
		if _, err := tables.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{}); err != nil {
			return nil, err
		}
		if _, err := tables.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{}); err != nil {
			return nil, err
		}
		return queues.SendMessage(ctx, &sqs.SendMessageInput{MessageBody: in.Policy})
	})
}
