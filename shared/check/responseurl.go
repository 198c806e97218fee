package check

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"sync"
)

// bucketPrefix begins the names of CloudFormation's response buckets; the Region
// follows, without its hyphens: cloudformation-custom-resource-response-useast1.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/vpc-interface-endpoints.html
const bucketPrefix = "cloudformation-custom-resource-response-"

// partition is a partition's name, Regions and domain.
type partition struct {
	name   string
	region func() *regexp.Regexp
	domain string
	global bool // s3.amazonaws.com is this partition's S3
}

// partitions are all of them. A new Region needs no change here, a new partition
// does.
var partitions = []partition{
	{"aws-cn", pattern(`^cn-[a-z]+-[0-9]+$`), "amazonaws.com.cn", false},
	{"aws-us-gov", pattern(`^us-gov-[a-z]+-[0-9]+$`), "amazonaws.com", false},
	{"aws-iso", pattern(`^us-iso-[a-z]+-[0-9]+$`), "c2s.ic.gov", false},
	{"aws-iso-b", pattern(`^us-isob-[a-z]+-[0-9]+$`), "sc2s.sgov.gov", false},
	{"aws-iso-e", pattern(`^eu-isoe-[a-z]+-[0-9]+$`), "cloud.adc-e.uk", false},
	{"aws-iso-f", pattern(`^us-isof-[a-z]+-[0-9]+$`), "csp.hci.ic.gov", false},
	{"aws-eusc", pattern(`^eusc-[a-z]+-[a-z]+-[0-9]+$`), "amazonaws.eu", false},
	{"aws", pattern(`^[a-z]{2}-[a-z]+-[0-9]+$`), "amazonaws.com", true},
}

// pattern is a regular expression, compiled lazily: at the start they would cost
// deployments without stacks a tenth of a millisecond.
func pattern(text string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(text) })
}

// hostForms are the hosts of a response bucket, virtual-hosted style: its own Region is in them.
var hostForms = []string{"%s.s3.%s.%s", "%s.s3-%s.%s"} // bucket, Region, domain

// globalForm is the host without a Region, seen for us-east-1 only.
const globalForm = "%s.s3.%s" // bucket, domain

// permits checks a response URL. Anyone who can send a message chooses it, so the
// scheme and the whole host must be those of a response bucket of this Region, here us-east-1 and eu-west-1:
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
func (a Answers) permits(u *url.URL) error {
	if a.S3Endpoint != "" {
		if home, err := url.Parse(a.S3Endpoint); err != nil || u.Scheme != home.Scheme || u.Host != home.Host || u.User != nil {
			return fmt.Errorf("got a ResponseURL elsewhere, expected one at %s (AWS_ENDPOINT_URL_S3)", a.S3Endpoint)
		}
		return nil
	}
	if u.Scheme == "https" && u.User == nil && a.isBucket(u.Host) {
		return nil
	}
	if own := partitionOf(a.Region); own != nil {
		return fmt.Errorf("got a ResponseURL that is not https at a CloudFormation response bucket of this Region, expected a host like %s",
			fmt.Sprintf(hostForms[0], bucketName(a.Region), a.Region, own.domain))
	}
	return errors.New("got a ResponseURL that is not https at a CloudFormation response bucket")
}

// isBucket reports whether a host is a response bucket's. Host is as the URL has
// it: a port, a trailing dot or an upper-case letter makes it another.
func (a Answers) isBucket(host string) bool {
	name, rest, _ := strings.Cut(host, ".")
	if !strings.HasPrefix(name, bucketPrefix) {
		return false
	}
	own := partitionOf(a.Region)
	if own != nil {
		return own.isBucket(host, a.Region)
	}
	// Without a Region in the host, the bucket's name is all there is, and anyone
	// can own a name that CloudFormation does not use.
	if host == fmt.Sprintf(globalForm, bucketName("us-east-1"), "amazonaws.com") {
		return true
	}
	for i := range partitions {
		p := &partitions[i]
		region := strings.TrimPrefix(strings.TrimPrefix(strings.TrimSuffix(rest, "."+p.domain), "s3."), "s3-")
		if partitionOf(region) == p && p.isBucket(host, region) {
			return true
		}
	}
	return false
}

// isBucket reports whether a host is the response bucket of that Region.
func (p *partition) isBucket(host, region string) bool {
	if p.global && host == fmt.Sprintf(globalForm, bucketName(region), p.domain) {
		return true
	}
	for _, form := range hostForms {
		if host == fmt.Sprintf(form, bucketName(region), region, p.domain) {
			return true
		}
	}
	return false
}

// partitionOf is the Region's partition, nil if it has none.
func partitionOf(region string) *partition {
	for i := range partitions {
		if partitions[i].region().MatchString(region) {
			return &partitions[i]
		}
	}
	return nil
}

// Partition is the name of the Region's partition, such as aws-cn; aws if the
// Region is in none that is known.
func Partition(region string) string {
	if p := partitionOf(region); p != nil {
		return p.name
	}
	return "aws"
}

func bucketName(region string) string {
	return bucketPrefix + strings.ReplaceAll(region, "-", "")
}
