package notification

import (
	"fmt"
	"net/url"
	"strings"

	"sespolicy/shared/identity"
)

// file is the name that all signing certificates begin with.
const file = "/SimpleNotificationService-"

// maxName is the longest rest of a certificate's name, in bytes; those of SNS
// have 32.
const maxName = 128

// suffixes are the DNS suffixes of the partitions whose notifications can be
// verified (https://docs.aws.amazon.com/general/latest/gr/sns.html).
var suffixes = map[string]string{
	"aws":        "amazonaws.com",
	"aws-us-gov": "amazonaws.com",
	"aws-cn":     "amazonaws.com.cn",
}

// checkAddress refuses every address of a certificate but those of the form
//
//	https://sns.REGION.SUFFIX/SimpleNotificationService-LETTERSANDDIGITS.pem
//
// with the owner's Region and its partition's suffix, or the endpoint in place
// of scheme and host. The text is compared and not parsed, so no reading of it
// has another host: no port, user, query, fragment, escape or upper-case host
// passes. Validators that took more were bypassed with a bucket called sns.
func (v *Verifier) checkAddress(owner identity.Owner, address string) error {
	base := v.endpoint
	if base == "" {
		suffix, known := suffixes[owner.Partition]
		if !known || !isRegion(owner.Region) {
			return fmt.Errorf("where SNS keeps its certificates in the Region %q of the partition %q is not known here", owner.Region, owner.Partition)
		}
		base = "https://sns." + owner.Region + "." + suffix
	}
	name, ok := strings.CutPrefix(address, base+file)
	if ok {
		name, ok = strings.CutSuffix(name, ".pem")
	}
	if !ok || name == "" || len(name) > maxName || !isAll(name, lettersAndDigits) {
		return fmt.Errorf("its SigningCertURL is %.200q, want %s%s….pem", address, base, file)
	}
	return nil
}

const (
	digits           = "0123456789"
	lowerCase        = "abcdefghijklmnopqrstuvwxyz"
	lettersAndDigits = digits + lowerCase + "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
)

func isRegion(text string) bool { return text != "" && isAll(text, digits+lowerCase+"-") }

func isAll(text, set string) bool {
	for i := range len(text) {
		if strings.IndexByte(set, text[i]) < 0 {
			return false
		}
	}
	return true
}

// Endpoint returns what stands in place of scheme, host and port of SNS's own
// endpoint, from the variables that the SDKs read
// (https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html);
// empty if they do not say. It returns an error for a value that is no URL of a
// host.
func Endpoint(lookup func(variable string) string) (string, error) {
	if lookup("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS") == "true" {
		return "", nil
	}
	for _, variable := range []string{"AWS_ENDPOINT_URL_SNS", "AWS_ENDPOINT_URL"} {
		value := lookup(variable)
		if value == "" {
			continue
		}
		u, err := url.Parse(value)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
			return "", fmt.Errorf("%s is %q, want a URL like http://127.0.0.1:4566", variable, value)
		}
		return u.Scheme + "://" + u.Host, nil
	}
	return "", nil
}
