package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"sespolicy/shared/identity"
	"sespolicy/shared/ledger"
	"sespolicy/shared/redrive"
)

// queues are the queues that a dlq command is about, and the client to use them.
type queues struct {
	client                *sqs.Client
	requests, deadLetters redrive.Queue
	deployment            deployment // of the request queue, as far as it is known
	ledger                *ledger.Ledger
	noLedger              error // why there is none
}

// open finds the dead-letter queue, and the request queue if it is used.
func (t *target) open(ctx context.Context, uses part) (*queues, error) {
	f, err := t.find(ctx)
	if err != nil {
		return nil, err
	}
	q := &queues{client: sqs.NewFromConfig(f.config)}
	if f.deadLetters == "" {
		return nil, withHint(errors.New("no dead-letter queue is named"), "give --stack NAME, --local, or --dead-letter-queue")
	}
	if q.deadLetters, err = q.withARN(ctx, f.queue(f.deadLetters)); err != nil {
		return nil, err
	}
	q.ledger, q.noLedger = f.openLedger(ctx)
	if uses&requestQueue == 0 {
		return q, nil
	}
	source := f.QueueURL
	if source == "" {
		if source, err = q.sourceOf(ctx, q.deadLetters); err != nil {
			return nil, err
		}
	}
	if q.requests, err = q.withARN(ctx, f.queue(source)); err != nil {
		return nil, err
	}
	f.QueueURL, f.QueueARN = q.requests.URL, q.requests.ARN
	owner := ownerOf(f.QueueARN)
	f.Account, f.Region = owner.Account, owner.Region
	q.deployment = f.deployment
	return q, nil
}

// withARN asks for the ARN of a queue whose URL does not tell it.
func (q *queues) withARN(ctx context.Context, queue redrive.Queue) (redrive.Queue, error) {
	if queue.ARN != "" {
		return queue, nil
	}
	out, err := q.client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{
		QueueUrl: aws.String(queue.URL), AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameQueueArn},
	})
	if err != nil {
		return queue, fmt.Errorf("looking for the queue %s: %w", queue.URL, err)
	}
	queue.ARN = out.Attributes[string(types.QueueAttributeNameQueueArn)]
	return queue, nil
}

// sourceOf is the one queue whose dead-letter queue this is.
func (q *queues) sourceOf(ctx context.Context, deadLetters redrive.Queue) (string, error) {
	out, err := q.client.ListDeadLetterSourceQueues(ctx, &sqs.ListDeadLetterSourceQueuesInput{QueueUrl: aws.String(deadLetters.URL)})
	if err != nil {
		return "", fmt.Errorf("asking for the source queue of %s: %w", deadLetters.URL, err)
	}
	if len(out.QueueUrls) != 1 {
		return "", withHint(fmt.Errorf("%s is the dead-letter queue of %d queues, one was expected", deadLetters.URL, len(out.QueueUrls)),
			"name the request queue with --queue")
	}
	return out.QueueUrls[0], nil
}

// parseQueue reads a queue's URL or ARN without a call. The ARN is empty where
// the URL ends in no ACCOUNT/NAME. region is for URLs that have none; endpoint
// is where queues are served, empty for AWS.
func parseQueue(name, region, endpoint string) redrive.Queue {
	if a, err := arn.Parse(name); err == nil {
		if endpoint == "" {
			resolved, err := sqs.NewDefaultEndpointResolverV2().ResolveEndpoint(context.Background(), sqs.EndpointParameters{Region: aws.String(a.Region)})
			if err == nil {
				endpoint = resolved.URI.String()
			}
		}
		return redrive.Queue{URL: strings.TrimSuffix(endpoint, "/") + "/" + a.AccountID + "/" + a.Resource, ARN: name}
	}
	q := redrive.Queue{URL: name}
	u, err := url.Parse(name)
	if err != nil {
		return q
	}
	parts := strings.Split(u.Path, "/")
	if n := len(parts); n >= 2 && identity.IsAccount(parts[n-2]) && parts[n-1] != "" {
		if in := regionOf(name); in != "" {
			region = in
		}
		q.ARN = arn.ARN{Partition: partitionOf(region), Service: "sqs", Region: region, AccountID: parts[n-2], Resource: parts[n-1]}.String()
	}
	return q
}

// regionOf is the Region in an ARN or in a queue's URL; empty if it has none.
// https://docs.aws.amazon.com/general/latest/gr/sqs-service.html
func regionOf(name string) string {
	if a, err := arn.Parse(name); err == nil {
		return a.Region
	}
	u, err := url.Parse(name)
	if err != nil {
		return ""
	}
	labels := strings.Split(u.Hostname(), ".")
	for i, label := range labels[:max(0, len(labels)-2)] {
		switch {
		case label == "sqs" || label == "sqs-fips": // sqs.REGION.amazonaws.com, VPCE.sqs.REGION.vpce.amazonaws.com
			return labels[i+1]
		case i > 0 && label == "queue": // REGION.queue.amazonaws.com, the legacy form
			return labels[i-1]
		}
	}
	return ""
}

// partitionOf is the partition of a Region.
// https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html
func partitionOf(region string) string {
	for prefix, partition := range map[string]string{
		"cn-": "aws-cn", "us-gov-": "aws-us-gov", "us-iso-": "aws-iso", "us-isob-": "aws-iso-b", "eu-isoe-": "aws-iso-e", "us-isof-": "aws-iso-f", "eusc-": "aws-eusc",
	} {
		if strings.HasPrefix(region, prefix) {
			return partition
		}
	}
	return "aws"
}

// ownerOf is the owner of a queue or topic; the zero value if it has no ARN.
func ownerOf(name string) identity.Owner {
	a, err := arn.Parse(name)
	if err != nil {
		return identity.Owner{}
	}
	return identity.Owner{Partition: a.Partition, Region: a.Region, Account: a.AccountID}
}
