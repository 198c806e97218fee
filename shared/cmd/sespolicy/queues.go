package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/schollz/progressbar/v3"
	"github.com/spf13/pflag"
	"golang.org/x/term"

	"sespolicy/shared/redrive"
)

// queueFlags say which queues a command is about.
type queueFlags struct {
	stack, requests, deadLetters string
	local                        bool
	endpoint                     string
}

func (q *queueFlags) register(f *pflag.FlagSet) {
	f.StringVar(&q.stack, "stack", "", "the CloudFormation stack whose queues are meant")
	f.BoolVar(&q.local, "local", false, "the queues of sespolicy local")
	f.StringVar(&q.endpoint, "endpoint", "http://127.0.0.1:4566", "where sespolicy local, or another SQS, serves; for --local")
	f.StringVar(&q.requests, "request-queue", "", "the request queue, by URL or ARN")
	f.StringVar(&q.deadLetters, "dead-letter-queue", "", "the dead-letter queue, by URL or ARN")
}

// queues are the queues a command is about, and the client to use them.
type queues struct {
	client                *sqs.Client
	requests, deadLetters redrive.Queue
}

// which are the queues that a command needs.
type which int

const (
	needsRequests which = 1 << iota
	needsDeadLetters
)

// open finds the queues. It is the first thing that talks to AWS: a command that
// needs no queue costs no client.
func (q *queueFlags) open(ctx context.Context, needs which) (*queues, error) {
	named := q.requests != "" || q.deadLetters != ""
	switch {
	case !named && q.stack == "" && !q.local:
		return nil, errors.New("no queue is named: give --stack NAME, --local, or --request-queue and --dead-letter-queue")
	case q.local && q.stack != "":
		return nil, errors.New("give --stack or --local, not both")
	}
	found := &queues{}
	requests, deadLetters := q.requests, q.deadLetters
	if q.local {
		found.client = localClient(q.endpoint)
		if err := findLocal(ctx, found.client, q.endpoint, &requests, &deadLetters); err != nil {
			return nil, err
		}
	} else {
		settings, err := settings(ctx, cmp.Or(regionOf(requests), regionOf(deadLetters)))
		if err != nil {
			return nil, err
		}
		found.client = sqs.NewFromConfig(settings)
		if q.stack != "" {
			if err := findStack(ctx, cloudformation.NewFromConfig(settings), q.stack, settings.Region, &requests, &deadLetters); err != nil {
				return nil, err
			}
		}
	}
	return found, found.resolve(ctx, needs, requests, deadLetters)
}

func localClient(endpoint string) *sqs.Client {
	return sqs.New(sqs.Options{
		Region: "us-east-1", BaseEndpoint: aws.String(endpoint), // the Region that sespolicy local plays
		Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""),
	})
}

// findLocal finds the queues by their logical ids, which a name ends in: a FIFO
// queue's has the stack's before it.
func findLocal(ctx context.Context, client *sqs.Client, endpoint string, requests, deadLetters *string) error {
	out, err := client.ListQueues(ctx, &sqs.ListQueuesInput{})
	if err != nil {
		return fmt.Errorf("asking %s for its queues (is sespolicy local running?): %w", endpoint, err)
	}
	for _, found := range out.QueueUrls {
		name := strings.TrimSuffix(found, ".fifo")
		switch {
		case strings.HasSuffix(name, "DeadLetterQueue"):
			*deadLetters = cmp.Or(*deadLetters, found)
		case strings.HasSuffix(name, "RequestQueue"):
			*requests = cmp.Or(*requests, found)
		}
	}
	return nil
}

// settings are Region and credentials as all AWS tools find them.
func settings(ctx context.Context, region string) (aws.Config, error) {
	var options []func(*config.LoadOptions) error
	if region != "" {
		options = append(options, config.WithRegion(region))
	}
	loaded, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return loaded, fmt.Errorf("reading the AWS configuration: %w", err)
	}
	if loaded.Region == "" {
		return loaded, errors.New("no AWS Region is set: set AWS_REGION, or AWS_PROFILE to a profile that has one")
	}
	if _, err := loaded.Credentials.Retrieve(ctx); err != nil {
		return loaded, fmt.Errorf("no AWS credentials were found: set AWS_PROFILE, or log in (aws sso login, aws configure); for sespolicy local give --local: %w", err)
	}
	return loaded, nil
}

// regionOf is the Region in a queue's ARN or URL; empty where it has none.
func regionOf(queue string) string {
	if parts := strings.Split(queue, ":"); len(parts) == 6 && parts[0] == "arn" {
		return parts[3]
	}
	if u, err := url.Parse(queue); err == nil {
		if labels := strings.Split(u.Hostname(), "."); len(labels) > 3 && labels[0] == "sqs" {
			return labels[1]
		}
	}
	return ""
}

// findStack fills in what is not given from the stack's outputs.
func findStack(ctx context.Context, client *cloudformation.Client, stack, region string, requests, deadLetters *string) error {
	out, err := client.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: aws.String(stack)})
	if err != nil {
		return fmt.Errorf("looking for stack %s in %s: %w", stack, region, explain(err))
	}
	if len(out.Stacks) == 0 {
		return fmt.Errorf("there is no stack %s in %s", stack, region)
	}
	outputs := map[string]string{}
	for _, o := range out.Stacks[0].Outputs {
		outputs[aws.ToString(o.OutputKey)] = aws.ToString(o.OutputValue)
	}
	for name, queue := range map[string]*string{"RequestQueueUrl": requests, "DeadLetterQueueUrl": deadLetters} {
		if *queue == "" && outputs[name] == "" {
			return fmt.Errorf("stack %s has no output %s: is it a stack of this template? (it is %s); else name the queues with --request-queue and --dead-letter-queue",
				stack, name, strings.ToLower(string(out.Stacks[0].StackStatus)))
		}
		*queue = cmp.Or(*queue, outputs[name])
	}
	return nil
}

// resolve finds URL and ARN of the queues that are needed.
func (q *queues) resolve(ctx context.Context, needs which, requests, deadLetters string) (err error) {
	if needs&needsDeadLetters != 0 {
		if q.deadLetters, err = q.lookUp(ctx, "dead-letter queue", deadLetters); err != nil {
			return err
		}
		if requests == "" && needs&needsRequests != 0 {
			if requests, err = q.sourceOf(ctx, q.deadLetters); err != nil {
				return err
			}
		}
	}
	if needs&needsRequests != 0 {
		if q.requests, err = q.lookUp(ctx, "request queue", requests); err != nil {
			return err
		}
	}
	if needs == needsRequests|needsDeadLetters && q.requests.FIFO() != q.deadLetters.FIFO() {
		return fmt.Errorf("%s and %s must be both FIFO queues, or both standard", q.requests.URL, q.deadLetters.URL)
	}
	return nil
}

func (q *queues) lookUp(ctx context.Context, what, name string) (redrive.Queue, error) {
	if name == "" {
		return redrive.Queue{}, fmt.Errorf("no %s is named: give --stack NAME, --local, or --%s", what, strings.ReplaceAll(what, " ", "-"))
	}
	if parts := strings.Split(name, ":"); len(parts) == 6 && parts[0] == "arn" {
		out, err := q.client.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: aws.String(parts[5]), QueueOwnerAWSAccountId: aws.String(parts[4])})
		if err != nil {
			return redrive.Queue{}, fmt.Errorf("looking for the %s %s: %w", what, name, explain(err))
		}
		return redrive.Queue{URL: aws.ToString(out.QueueUrl), ARN: name}, nil
	}
	out, err := q.client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: aws.String(name), AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameQueueArn}})
	if err != nil {
		return redrive.Queue{}, fmt.Errorf("looking for the %s %s: %w", what, name, explain(err))
	}
	return redrive.Queue{URL: name, ARN: out.Attributes[string(types.QueueAttributeNameQueueArn)]}, nil
}

// sourceOf is the one queue that has the dead-letter queue as its own.
func (q *queues) sourceOf(ctx context.Context, deadLetters redrive.Queue) (string, error) {
	out, err := q.client.ListDeadLetterSourceQueues(ctx, &sqs.ListDeadLetterSourceQueuesInput{QueueUrl: aws.String(deadLetters.URL)})
	if err != nil {
		return "", fmt.Errorf("asking which queue %s belongs to: %w", deadLetters.URL, explain(err))
	}
	if len(out.QueueUrls) != 1 {
		return "", fmt.Errorf("%d queues have %s as their dead-letter queue: say with --request-queue which is meant", len(out.QueueUrls), deadLetters.URL)
	}
	return out.QueueUrls[0], nil
}

// progress is a bar for people: on a terminal, and nowhere else.
func progress(out io.Writer, total int, what string) *progressbar.ProgressBar {
	file, ok := out.(*os.File)
	return progressbar.NewOptions(total,
		progressbar.OptionSetWriter(out), progressbar.OptionSetVisibility(ok && term.IsTerminal(int(file.Fd()))),
		progressbar.OptionSetDescription(what), progressbar.OptionShowCount(), progressbar.OptionClearOnFinish())
}
