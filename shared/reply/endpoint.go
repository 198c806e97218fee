package reply

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// endpoint is where the service is: where the configuration says, or where SQS is with its name for
// that of SQS.
func (c *caller) endpoint(ctx context.Context, s service) (*url.URL, error) {
	configured := endpointOf(c.config, s.id)
	if configured == nil {
		configured = c.config.BaseEndpoint
	}
	fips, dualStack := c.flags.UseFIPSEndpoint == aws.FIPSEndpointStateEnabled, c.flags.UseDualStackEndpoint == aws.DualStackEndpointStateEnabled
	found, err := sqs.NewDefaultEndpointResolverV2().ResolveEndpoint(ctx, sqs.EndpointParameters{
		Region: aws.String(c.config.Region), UseFIPS: &fips, UseDualStack: &dualStack, Endpoint: configured})
	if err != nil {
		return nil, fmt.Errorf("finding the endpoint of %s: %w", s.id, err)
	}
	if configured == nil {
		_, rest, _ := strings.Cut(found.URI.Host, ".")
		found.URI.Host = s.host(c.config.Region, fips, dualStack) + "." + rest
	}
	return found.URI.JoinPath("/"), nil
}

// host is the first label of the service's host. The Regions of GovCloud have rules of their own.
func (s service) host(region string, fips, dualStack bool) string {
	if strings.HasPrefix(region, "us-gov-") {
		fips = s == stepFunctions && (dualStack || fips && region != "us-gov-west-1")
	}
	if fips {
		return s.name + "-fips"
	}
	return s.name
}

// endpointSource and ignoreSource are what the SDK reads the endpoint of one service from.
type (
	endpointSource interface {
		GetServiceBaseEndpoint(ctx context.Context, sdkID string) (string, bool, error)
	}
	ignoreSource interface {
		GetIgnoreConfiguredEndpoints(ctx context.Context) (bool, bool, error)
	}
)

// endpointOf is where the SDK's configuration says that one service is (AWS_ENDPOINT_URL_S3), nil
// where it says nothing of it.
func endpointOf(cfg aws.Config, sdkID string) *string {
	for _, source := range cfg.ConfigSources {
		if s, ok := source.(ignoreSource); ok {
			if ignore, found, err := s.GetIgnoreConfiguredEndpoints(context.Background()); found && err == nil && ignore {
				return nil
			}
		}
	}
	for _, source := range cfg.ConfigSources {
		if s, ok := source.(endpointSource); ok {
			if endpoint, found, err := s.GetServiceBaseEndpoint(context.Background(), sdkID); found && err == nil {
				return &endpoint
			}
		}
	}
	return nil
}
