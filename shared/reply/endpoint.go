package reply

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// endpointSource and ignoreSource are the SDK's configuration sources (the
// environment, the shared configuration file) that may name a service's
// endpoint or say that configured endpoints are ignored. The first source that
// has a value wins.
type (
	endpointSource interface {
		GetServiceBaseEndpoint(ctx context.Context, sdkID string) (string, bool, error)
	}
	ignoreSource interface {
		GetIgnoreConfiguredEndpoints(ctx context.Context) (bool, bool, error)
	}
)

// endpointOf returns the endpoint that the SDK's configuration has for one
// service (AWS_ENDPOINT_URL_S3), nil if it has none. SDK clients do this by
// themselves; S3 has no client here, because response URLs are presigned.
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
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
