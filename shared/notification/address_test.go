package notification_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"

	"sespolicy/shared/identity"
	"sespolicy/shared/notification"
)

// Only addresses of exactly the form that SNS uses are read.
func TestAddresses(t *testing.T) {
	const name = "/SimpleNotificationService-0123abcDEF.pem"
	china := identity.Owner{Partition: "aws-cn", Region: "cn-north-1", Account: owner.Account}
	for _, test := range []struct {
		reason, address, endpoint string
		owner                     identity.Owner
		read                      bool
	}{
		{"SNS's", "https://sns.us-east-1.amazonaws.com" + name, "", owner, true},
		{"in China", "https://sns.cn-north-1.amazonaws.com.cn" + name, "", china, true},
		{"an endpoint's", "http://127.0.0.1:4566" + name, "http://127.0.0.1:4566", owner, true},

		{"empty", "", "", owner, false},
		{"http", "http://sns.us-east-1.amazonaws.com" + name, "", owner, false},
		{"upper-case scheme", "HTTPS://sns.us-east-1.amazonaws.com" + name, "", owner, false},
		{"upper-case host", "https://SNS.us-east-1.amazonaws.com" + name, "", owner, false},
		{"another Region", "https://sns.eu-west-1.amazonaws.com" + name, "", owner, false},
		{"no Region", "https://sns.amazonaws.com" + name, "", owner, false},
		{"another partition's suffix", "https://sns.us-east-1.amazonaws.com.cn" + name, "", owner, false},
		{"a suffix of the host", "https://sns.us-east-1.amazonaws.com.evil.org" + name, "", owner, false},
		{"a prefix of the host", "https://evil-sns.us-east-1.amazonaws.com" + name, "", owner, false},
		{"a bucket called sns", "https://sns.s3.us-east-1.amazonaws.com" + name, "", owner, false},
		{"a bucket in the path", "https://s3.us-east-1.amazonaws.com/sns.us-east-1.amazonaws.com" + name, "", owner, false},
		{"a Region with a dot", "https://sns.s3.us-east-1.amazonaws.com" + name, "", identity.Owner{Partition: "aws", Region: "s3.us-east-1", Account: owner.Account}, false},
		{"an unknown partition", "https://sns.us-east-1.amazonaws.com" + name, "", identity.Owner{Region: "us-east-1"}, false},
		{"a port", "https://sns.us-east-1.amazonaws.com:443" + name, "", owner, false},
		{"a user", "https://sns.us-east-1.amazonaws.com@evil.org" + name, "", owner, false},
		{"a user before the host", "https://evil.org@sns.us-east-1.amazonaws.com" + name, "", owner, false},
		{"a backslash", `https://evil.org\@sns.us-east-1.amazonaws.com` + name, "", owner, false},
		{"a query", "https://sns.us-east-1.amazonaws.com" + name + "?x=.pem", "", owner, false},
		{"a fragment", "https://sns.us-east-1.amazonaws.com" + name + "#.pem", "", owner, false},
		{"a query for the name", "https://sns.us-east-1.amazonaws.com/?" + name, "", owner, false},
		{"another action", "https://sns.us-east-1.amazonaws.com/?Action=X&/SimpleNotificationService-a.pem", "", owner, false},
		{"a folder", "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-a/b.pem", "", owner, false},
		{"a way up", "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-../x.pem", "", owner, false},
		{"an escape", "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-%61.pem", "", owner, false},
		{"no name", "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-.pem", "", owner, false},
		{"another end", "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-a.pem2", "", owner, false},
		{"a line break", "https://sns.us-east-1.amazonaws.com" + name + "\n", "", owner, false},
		{"a space before", " https://sns.us-east-1.amazonaws.com" + name, "", owner, false},
		{"outside ASCII", "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-ａ.pem", "", owner, false},
		{"a long name", "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-" + strings.Repeat("a", 129) + ".pem", "", owner, false},
		{"SNS's, under an endpoint", "https://sns.us-east-1.amazonaws.com" + name, "http://127.0.0.1:4566", owner, false},
		{"an endpoint's other port", "http://127.0.0.1:45667" + name, "http://127.0.0.1:4566", owner, false},
		{"an endpoint that is none here", "http://127.0.0.1:4566" + name, "", owner, false},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := serving()
			n := signed("2", nil, func(n *notification.Notification) { n.SigningCertURL = test.address })
			_, err := notification.New(s, test.endpoint).Verify(t.Context(), test.owner, n)
			if read := len(s.asked) > 0; read != test.read || (err == nil) != test.read || err != nil && !errors.Is(err, notification.ErrUnsigned) {
				t.Errorf("%s: asked %q, got %v", test.reason, s.asked, err)
			}
		})
	}
}

func TestEndpoint(t *testing.T) {
	for _, test := range []struct {
		reason    string
		variables map[string]string
		want      string
		wrong     bool
	}{
		{"none", nil, "", false},
		{"for all services", map[string]string{"AWS_ENDPOINT_URL": "http://127.0.0.1:4566"}, "http://127.0.0.1:4566", false},
		{"for SNS", map[string]string{"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_ENDPOINT_URL_SNS": "https://[::1]:4566/path/?x"}, "https://[::1]:4566", false},
		{"ignored", map[string]string{"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"}, "", false},
		{"no URL", map[string]string{"AWS_ENDPOINT_URL_SNS": "127.0.0.1:4566"}, "", true},
	} {
		got, err := notification.Endpoint(func(variable string) string { return test.variables[variable] })
		if got != test.want || (err != nil) != test.wrong {
			t.Errorf("%s: got %q, %v", test.reason, got, err)
		}
	}
}
