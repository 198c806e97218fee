// Command nothing is a Lambda function that does nothing: what a start costs
// before there is anything of one's own in it.
package main

import (
	"context"

	"github.com/aws/aws-lambda-go/lambda"
)

func main() {
	lambda.StartHandlerFunc(func(context.Context, any) (any, error) { return nil, nil })
}
