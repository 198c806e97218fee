package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"sespolicy/shared/guardrail"
	"sespolicy/shared/identity"
	"sespolicy/shared/local"
	"sespolicy/shared/redrive"
)

// part is a part of a deployment that a command uses.
type part int

const (
	requestQueue part = 1 << iota
	requestTopic
	deadLetterQueue
	ledgerTable
)

// target says which deployment a command is about. Its flags are the same for
// all commands.
type target struct {
	stack, file, region, endpoint string
	local                         bool
	queue, topic, deadLetters     string // URL or ARN; ARN; URL or ARN
	table                         string // name of the ledger's table
}

// register adds the flags to a command: those that name the deployment, and
// those that name the parts that the command uses.
func (t *target) register(command *cobra.Command, uses part) {
	f := command.Flags()
	f.StringVar(&t.stack, "stack", "", "the CloudFormation stack of the deployment")
	f.BoolVar(&t.local, "local", false, "what sespolicy local runs")
	f.StringVar(&t.endpoint, "endpoint", "http://"+local.DefaultListen, "where sespolicy local serves; for --local")
	f.StringVar(&t.region, "region", "", "the AWS Region (default: that of the queue or topic, else as all AWS tools find it)")
	registerDeployment(command, &t.file)
	if uses&requestQueue != 0 {
		f.StringVar(&t.queue, "queue", "", "the request queue, by URL or ARN")
		aliases := map[string]string{"request-queue": "queue"}
		f.SetNormalizeFunc(func(_ *pflag.FlagSet, name string) pflag.NormalizedName {
			return pflag.NormalizedName(cmp.Or(aliases[name], name))
		})
	}
	if uses&requestTopic != 0 {
		f.StringVar(&t.topic, "topic-arn", "", "the request topic, by ARN")
	}
	if uses&deadLetterQueue != 0 {
		f.StringVar(&t.deadLetters, "dead-letter-queue", "", "the dead-letter queue, by URL or ARN")
	}
	if uses&ledgerTable != 0 {
		f.StringVar(&t.table, "table", "", "the ledger, by the name of its DynamoDB table (default: the stack's)")
	}
}

// config is Region, credentials and endpoint for the clients of AWS services.
func (t *target) config(ctx context.Context) (aws.Config, error) {
	if t.local {
		return aws.Config{
			Region: cmp.Or(t.region, local.Region), BaseEndpoint: aws.String(t.endpoint),
			Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""),
		}, nil
	}
	var options []func(*config.LoadOptions) error
	if region := cmp.Or(t.region, redrive.RegionOf(t.queue), redrive.RegionOf(t.topic), redrive.RegionOf(t.deadLetters)); region != "" {
		options = append(options, config.WithRegion(region))
	}
	loaded, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return loaded, fmt.Errorf("reading the AWS configuration: %w", err)
	}
	if loaded.Region == "" {
		return loaded, withHint(errors.New("no AWS Region is set"), "give --region, set AWS_REGION, or set AWS_PROFILE to a profile that has one")
	}
	if _, err := loaded.Credentials.Retrieve(ctx); err != nil {
		return loaded, withHint(fmt.Errorf("no AWS credentials were found: %w", err),
			"set AWS_PROFILE, or log in (aws sso login, aws configure); for sespolicy local give --local")
	}
	return loaded, nil
}

// found is a deployment as far as a command's flags tell, and the configuration
// for the clients to use it.
type found struct {
	deployment
	deadLetters string // URL or ARN; empty if unknown
	table       string // of the ledger; empty if unknown
	config      aws.Config
}

// errNoDeployment: no flag or variable names one.
var errNoDeployment = errors.New("no deployment is named")

// find finds out what the flags say. Flags that name a queue or topic win over
// the deployment's. It calls AWS for --stack and --local alone.
func (t *target) find(ctx context.Context) (*found, error) {
	if t.local && t.stack != "" {
		return nil, badUse(errors.New("got --stack and --local, one of them was expected"))
	}
	stack := t.stack
	if t.local {
		stack = local.StackName
	}
	if t.file == "" && stack == "" && t.queue == "" && t.topic == "" && t.table == "" {
		t.file = os.Getenv(deploymentVariable)
	}
	f := &found{}
	if t.file != "" {
		d, err := readDeployment(t.file)
		if err != nil {
			return nil, err
		}
		f.deployment = *d
		if stack == "" {
			t.region = cmp.Or(t.region, redrive.RegionOf(t.queue), redrive.RegionOf(t.topic), d.Region)
		}
	}
	if t.file == "" && stack == "" && t.queue == "" && t.topic == "" && t.deadLetters == "" && t.table == "" {
		return nil, withHint(badUse(errNoDeployment), "give --stack NAME, --local, --deployment FILE, or the queue's URL or ARN")
	}
	var err error
	if f.config, err = t.config(ctx); err != nil {
		return nil, err
	}
	if stack != "" {
		if err := f.ofStack(ctx, stack); err != nil {
			return nil, err
		}
	}
	f.deadLetters = cmp.Or(t.deadLetters, f.deadLetters)
	f.table = cmp.Or(t.table, f.table)
	if t.topic != "" {
		f.QueueURL, f.QueueARN, f.TopicARN = "", "", t.topic
	}
	if t.queue != "" {
		f.TopicARN = t.topic
		f.setQueue(t.queue)
	}
	return f, nil
}

// ofStack reads the outputs and parameters of a stack.
func (f *found) ofStack(ctx context.Context, name string) error {
	out, err := cloudformation.NewFromConfig(f.config).DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: aws.String(name)})
	if err != nil {
		return fmt.Errorf("looking for stack %s in %s: %w", name, f.config.Region, err)
	}
	if len(out.Stacks) == 0 {
		return fmt.Errorf("there is no stack %s in %s", name, f.config.Region)
	}
	stack := out.Stacks[0]
	outputs := map[string]string{}
	for _, o := range stack.Outputs {
		outputs[aws.ToString(o.OutputKey)] = aws.ToString(o.OutputValue)
	}
	for _, output := range []string{"RequestQueueUrl", "DeadLetterQueueUrl"} {
		if outputs[output] == "" {
			return withHint(fmt.Errorf("stack %s has no output %s; it is %s", name, output, strings.ToLower(string(stack.StackStatus))),
				"give the name of a stack of this template, or name the queues with --queue and --dead-letter-queue")
		}
	}
	f.deadLetters, f.table = outputs["DeadLetterQueueUrl"], outputs["LedgerTableName"]
	f.setQueue(outputs["RequestQueueUrl"])
	f.QueueARN = cmp.Or(outputs["RequestQueueArn"], f.QueueARN)
	f.TopicARN = outputs["RequestTopicArn"]
	parameters := map[string]string{}
	for _, p := range stack.Parameters {
		parameters[aws.ToString(p.ParameterKey)] = cmp.Or(aws.ToString(p.ResolvedValue), aws.ToString(p.ParameterValue))
	}
	f.Guardrails = map[string]string{}
	for _, setting := range guardrail.Settings() {
		if value, ok := parameters[setting.Parameter()]; ok {
			f.Guardrails[setting.Variable] = value
		}
	}
	return nil
}

// setQueue sets URL and ARN of the request queue, and what follows from them.
func (f *found) setQueue(name string) {
	q := f.queue(name)
	f.QueueURL, f.QueueARN = q.URL, q.ARN
	if owner, err := identity.ParseOwner(q.ARN); err == nil {
		f.Account, f.Region = owner.Account, owner.Region
	}
}

// queue is a queue by its URL or ARN. The ARN is empty if the URL does not tell it.
func (f *found) queue(name string) redrive.Queue {
	return redrive.ParseQueue(name, f.config.Region, aws.ToString(f.config.BaseEndpoint))
}
