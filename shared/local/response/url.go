package response

import (
	"crypto/rand"
	"encoding/hex"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// lifetime is how long CloudFormation's URLs are valid.
const lifetime = 2 * time.Hour

// amzTime is the form of X-Amz-Date.
const amzTime = "20060102T150405Z"

// URL returns the ResponseURL of one request as CloudFormation makes it, but
// path-style at the endpoint. It is valid for two hours from now.
func URL(endpoint, region, stackID, logicalResourceID, requestID string) string {
	now := time.Now().UTC()
	var signature [32]byte
	_, _ = rand.Read(signature[:]) // never fails
	query := url.Values{
		"X-Amz-Algorithm":     {"AWS4-HMAC-SHA256"},
		"X-Amz-Date":          {now.Format(amzTime)},
		"X-Amz-SignedHeaders": {"host"},
		"X-Amz-Expires":       {strconv.Itoa(int(lifetime.Seconds()))},
		"X-Amz-Credential":    {"AKIAIOSFODNN7EXAMPLE/" + now.Format("20060102") + "/" + region + "/s3/aws4_request"},
		"X-Amz-Signature":     {hex.EncodeToString(signature[:])},
	}
	key := url.QueryEscape(stackID + "|" + logicalResourceID + "|" + requestID)
	return strings.TrimSuffix(endpoint, "/") + PathPrefix + strings.ReplaceAll(region, "-", "") + "/" +
		strings.ReplaceAll(key, "%2F", "/") + "?" + query.Encode()
}

// expired reports whether a presigned URL made at date is too old, or says so in no known form.
func expired(date, seconds string) bool {
	made, err := time.Parse(amzTime, date)
	if err != nil {
		return true
	}
	n, err := strconv.Atoi(seconds)
	return err != nil || time.Since(made) > time.Duration(n)*time.Second
}
