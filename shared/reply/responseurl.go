package reply

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// RuleResponseURL is the rule that a request breaks whose response URL is not where CloudFormation
// waits for answers.
const RuleResponseURL = "response-url"

// bucketPrefix begins the name of CloudFormation's response buckets; the Region follows, without
// its hyphens: cloudformation-custom-resource-response-useast1.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/vpc-interface-endpoints.html
const bucketPrefix = "cloudformation-custom-resource-response-"

// partitions are the Regions and the domain of each partition. A new Region needs no change here, a
// new partition does.
var partitions = []struct {
	region func() *regexp.Regexp
	domain string
	global bool // s3.DOMAIN is this partition's S3, not another's
}{
	{pattern(`^cn-[a-z]+-[0-9]+$`), "amazonaws.com.cn", false},
	{pattern(`^us-gov-[a-z]+-[0-9]+$`), "amazonaws.com", false},
	{pattern(`^us-iso-[a-z]+-[0-9]+$`), "c2s.ic.gov", false},
	{pattern(`^us-isob-[a-z]+-[0-9]+$`), "sc2s.sgov.gov", false},
	{pattern(`^eu-isoe-[a-z]+-[0-9]+$`), "cloud.adc-e.uk", false},
	{pattern(`^us-isof-[a-z]+-[0-9]+$`), "csp.hci.ic.gov", false},
	{pattern(`^eusc-[a-z]+-[a-z]+-[0-9]+$`), "amazonaws.eu", false},
	{pattern(`^[a-z]{2}-[a-z]+-[0-9]+$`), "amazonaws.com", true},
}

// pattern is a regular expression that is compiled when it is first needed: at the start of the
// function these would cost all who never see a response URL a tenth of a millisecond.
func pattern(text string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(text) })
}

// hostForms are the hosts of a response bucket, virtual-hosted style: its own Region is in them.
var hostForms = []string{"%s.s3.%s.%s", "%s.s3-%s.%s"} // bucket, Region, domain

// globalForm is the host without a Region, seen of us-east-1 only.
const globalForm = "%s.s3.%s" // bucket, domain

// buckets says which URLs are response buckets' that this deployment may call.
type buckets struct {
	region   string // the deployment's own
	endpoint string // where all buckets are instead, AWS_ENDPOINT_URL_S3; empty on AWS
}

func newBuckets(cfg aws.Config) buckets {
	return buckets{region: cfg.Region, endpoint: aws.ToString(endpointOf(cfg, "S3"))}
}

// check is parse for its error alone.
func (b buckets) check(responseURL string) error {
	_, err := b.parse(responseURL)
	return err
}

// parse reads a response URL. Whoever can send a message chooses it, so the scheme and the whole
// host must be those of a response bucket of this partition:
//
//	https://cloudformation-custom-resource-response-useast1.s3.amazonaws.com/…             yes
//	https://cloudformation-custom-resource-response-euwest1.s3-eu-west-1.amazonaws.com/…   yes
//	https://cloudformation-custom-resource-response-euwest1.s3.eu-west-1.amazonaws.com/…   yes
//	https://s3.amazonaws.com/cloudformation-custom-resource-response-useast1/…             no: the name is in the path
//	https://cloudformation-custom-resource-response-useast1.s3.amazonaws.com.evil.org/…    no: another host
//	https://cloudformation-custom-resource-response-useast1.s3.amazonaws.com@evil.org/…    no: a user, another host
//	https://cloudformation-custom-resource-response-evil.s3.amazonaws.com/…                no: anybody's bucket
//
// The error says what was expected and never has the query, which is a credential.
func (b buckets) parse(responseURL string) (*url.URL, error) {
	u, err := url.Parse(responseURL)
	if err != nil {
		return nil, errors.New("ResponseURL is no URL, expected the one that CloudFormation sent")
	}
	if b.endpoint != "" {
		if home, err := url.Parse(b.endpoint); err != nil || u.Scheme != home.Scheme || u.Host != home.Host || u.User != nil {
			return nil, fmt.Errorf("ResponseURL is not at %s, where AWS_ENDPOINT_URL_S3 says that response buckets are", b.endpoint)
		}
		return u, nil
	}
	if u.Scheme != "https" || u.User != nil || !b.isBucket(u.Host) {
		return nil, fmt.Errorf("ResponseURL is not https at a CloudFormation response bucket of this partition, expected a host like %s",
			fmt.Sprintf(hostForms[0], bucketName(b.region), b.region, b.domain()))
	}
	return u, nil
}

// isBucket reports whether a host is a response bucket's. Host is as the URL has it: a port, a
// trailing dot or an upper-case letter makes it another.
func (b buckets) isBucket(host string) bool {
	name, rest, _ := strings.Cut(host, ".")
	own := b.partition()
	if own < 0 || !strings.HasPrefix(name, bucketPrefix) {
		return false
	}
	domain := partitions[own].domain
	// Without a Region in the host the bucket's name is all there is, and a name that CloudFormation
	// does not use is free for anybody to take.
	for _, region := range []string{"us-east-1", b.region} {
		if partitions[own].global && host == fmt.Sprintf(globalForm, bucketName(region), domain) {
			return true
		}
	}
	region := strings.TrimSuffix(rest, "."+domain)
	region = strings.TrimPrefix(strings.TrimPrefix(region, "s3."), "s3-")
	if partitionOf(region) != own {
		return false
	}
	for _, form := range hostForms {
		if host == fmt.Sprintf(form, bucketName(region), region, domain) {
			return true
		}
	}
	return false
}

func (b buckets) partition() int { return partitionOf(b.region) }

func (b buckets) domain() string {
	if own := b.partition(); own >= 0 {
		return partitions[own].domain
	}
	return "amazonaws.com"
}

// partitionOf is the index of the Region's partition, -1 if it has none.
func partitionOf(region string) int {
	for i, p := range partitions {
		if p.region().MatchString(region) {
			return i
		}
	}
	return -1
}

func bucketName(region string) string {
	return bucketPrefix + strings.ReplaceAll(region, "-", "")
}
