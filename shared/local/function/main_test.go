package function_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
)

// bootstrap is the function's executable: that of the tests themselves.
var bootstrap string

func TestMain(m *testing.M) {
	if os.Getenv("AWS_LAMBDA_RUNTIME_API") != "" {
		serve()
	}
	var err error
	if bootstrap, err = os.Executable(); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

type event struct{ Do, Text string }

// serve is the function of these tests, which does what each event tells it to.
func serve() {
	switch os.Getenv("START") {
	case "exit":
		fmt.Fprintln(os.Stderr, "the environment is wrong")
		os.Exit(1)
	case "killed":
		self, _ := os.FindProcess(os.Getpid())
		_ = self.Kill()
	}
	count := 0 // of this process
	lambda.Start(func(ctx context.Context, e event) (any, error) {
		count++
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
		context, _ := lambdacontext.FromContext(ctx)
		return map[string]any{
			"text": e.Text, "count": count, "pid": os.Getpid(),
			"left": time.Until(deadline).Round(time.Second).String(),
			"id":   context.AwsRequestID, "arn": context.InvokedFunctionArn,
			"trace": strings.HasPrefix(os.Getenv("_X_AMZN_TRACE_ID"), "Root=1-"),
		}, nil
	})
}
