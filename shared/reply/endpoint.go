package reply

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// endpoint is where the service is: where the configuration says, or where SQS is with its name for
// that of SQS.
func (c *caller) endpoint(ctx context.Context, s service) (*url.URL, error) {
	region := c.options.Region
	if region == "" {
		return nil, errors.New("finding the endpoint: there is no Region, expected AWS_REGION")
	}
	configured := c.config.BaseEndpoint
	_, forAll := os.LookupEnv("AWS_ENDPOINT_URL")
	_, forOne := os.LookupEnv("AWS_ENDPOINT_URL_" + strings.ToUpper(s.id))
	if own := endpointOf(c.config, s.id); own != nil && (forOne || !forAll) {
		configured = own
	}
	fips := c.options.EndpointOptions.UseFIPSEndpoint == aws.FIPSEndpointStateEnabled
	dualStack := c.options.EndpointOptions.UseDualStackEndpoint == aws.DualStackEndpointStateEnabled
	found, err := sqs.NewDefaultEndpointResolverV2().ResolveEndpoint(ctx, sqs.EndpointParameters{
		Region: &region, UseFIPS: &fips, UseDualStack: &dualStack, Endpoint: configured})
	if err != nil {
		return nil, fmt.Errorf("finding the endpoint: %w", err)
	}
	if configured == nil {
		_, rest, _ := strings.Cut(found.URI.Host, ".")
		found.URI.Host = s.host(region, fips, dualStack) + "." + rest
	}
	found.URI.Path = smithyhttp.JoinPath(found.URI.Path, "/")
	return &found.URI, nil
}

// host is the first label of the service's host. The Regions of GovCloud have rules of their own.
func (s service) host(region string, fips, dualStack bool) string {
	if strings.HasPrefix(region, "us-gov-") {
		fips = s.id == stepFunctions.id && (dualStack || fips && region != "us-gov-west-1")
	}
	if fips {
		return s.name + "-fips"
	}
	return s.name
}

// endpointSource and ignoreSource are what the SDK reads the endpoint of one service from. The first
// source that speaks counts.
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
			} else if found {
				break
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
