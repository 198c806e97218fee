// Command standard is the function that does nothing, with the SDK's standard
// configuration loaded and a client of SES and one of SQS made: what a start
// costs anybody who calls the two.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/ses"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

func main() {
	cfg, err := config.LoadDefaultConfig(context.Background())
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	emails, queues := ses.NewFromConfig(cfg), sqs.NewFromConfig(cfg)
	lambda.StartHandlerFunc(func(ctx context.Context, in *ses.PutIdentityPolicyInput) (any, error) {
		if _, err := emails.PutIdentityPolicy(ctx, in); err == nil {
			return nil, nil
		}
		return queues.SendMessage(ctx, &sqs.SendMessageInput{MessageBody: in.Policy})
	})
}
