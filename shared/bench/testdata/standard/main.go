// Command standard is the function that does nothing, with the SDK's standard
// configuration loaded and one SES client made: what a start costs anybody who
// calls SES.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/ses"
)

func main() {
	cfg, err := config.LoadDefaultConfig(context.Background())
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	client := ses.NewFromConfig(cfg)
	lambda.StartHandlerFunc(func(ctx context.Context, in *ses.PutIdentityPolicyInput) (any, error) {
		return client.PutIdentityPolicy(ctx, in)
	})
}
