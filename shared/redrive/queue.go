package redrive

import (
	"context"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"sespolicy/shared/check"
	"sespolicy/shared/identity"
)

// Queue is an SQS queue.
type Queue struct{ URL, ARN string }

// ParseQueue reads a queue's URL or ARN without a call. The ARN is empty where
// the URL ends in no ACCOUNT/NAME. region is for URLs that have none; endpoint
// is where queues are served, empty for AWS.
func ParseQueue(name, region, endpoint string) Queue {
	if a, err := arn.Parse(name); err == nil {
		if endpoint == "" {
			resolved, err := sqs.NewDefaultEndpointResolverV2().ResolveEndpoint(context.Background(), sqs.EndpointParameters{Region: aws.String(a.Region)})
			if err == nil {
				endpoint = resolved.URI.String()
			}
		}
		return Queue{URL: strings.TrimSuffix(endpoint, "/") + "/" + a.AccountID + "/" + a.Resource, ARN: name}
	}
	q := Queue{URL: name}
	u, err := url.Parse(name)
	if err != nil {
		return q
	}
	parts := strings.Split(u.Path, "/")
	if n := len(parts); n >= 2 && identity.IsAccount(parts[n-2]) && parts[n-1] != "" {
		if in := RegionOf(name); in != "" {
			region = in
		}
		q.ARN = arn.ARN{Partition: check.Partition(region), Service: "sqs", Region: region, AccountID: parts[n-2], Resource: parts[n-1]}.String()
	}
	return q
}

// RegionOf is the Region in an ARN or in a queue's URL; empty if it has none.
// https://docs.aws.amazon.com/general/latest/gr/sqs-service.html
func RegionOf(name string) string {
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
