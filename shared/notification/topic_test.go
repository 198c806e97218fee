package notification_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"

	"sespolicy/shared/guardrail"
	"sespolicy/shared/identity"
	"sespolicy/shared/notification"
)

// Two accounts with a topic each: a request writes the names of the topic that
// it verifiably came through, and no others.
func TestNamesByTopic(t *testing.T) {
	const a, b = "111122223333", "444455556666"
	topicB := strings.Replace(topicA, a, b, 1)
	g, err := guardrail.New(guardrail.Config{AllowedPolicyNames: []string{"${topic}-*"}, AllowedPrincipals: []string{"${topic}"}})
	if err != nil {
		t.Fatal(err)
	}
	through := func(topic string) func(*notification.Notification) {
		return func(n *notification.Notification) { n.TopicARN = topic }
	}
	for _, test := range []struct {
		reason        string
		before, after func(*notification.Notification)
		name          string
		server        *server
		allowed       bool
		want          error
	}{
		{"A its own", nil, nil, a + "-news", serving(), true, nil},
		{"B its own", through(topicB), nil, b + "-news", serving(), true, nil},
		{"B A's", through(topicB), nil, a + "-news", serving(), false, nil},
		{"B, says A", through(topicB), through(topicA), a + "-news", serving(), false, nil},
		{"A, another message", nil, func(n *notification.Notification) { n.Message = "{}" }, a + "-news", serving(), false, nil},
		{"A's name in another account", through("arn:aws:sns:us-east-1:" + b + ":" + a), nil, a + "-news", serving(), false, nil},
		{"signed by somebody else", nil, nil, a + "-news", &server{body: certificate(keys()[1].Public(), keys()[1])}, false, nil},
		{"the certificate of a look-alike", nil, func(n *notification.Notification) {
			n.SigningCertURL = strings.Replace(n.SigningCertURL, "amazonaws.com", "amazonaws.com.evil.org", 1)
		}, a + "-news", serving(), false, nil},
		{"sent to the queue directly", nil, func(n *notification.Notification) { *n = notification.Parse(`{"Identity":"example.com"}`) }, a + "-news", serving(), false, nil},
		{"the certificate cannot be read now", nil, nil, a + "-news", &server{status: 503}, false, notification.ErrUnavailable},
	} {
		synctest.Test(t, func(t *testing.T) {
			v, n := notification.New(test.server, ""), signed("2", test.before, test.after)
			found, err := g.Check(guardrail.Request{
				Identity: owner.Of(identity.Identity{Name: "example.com"}), PolicyName: test.name,
			}, func() (string, error) {
				verified, err := v.Verify(t.Context(), owner, n)
				if errors.Is(err, notification.ErrUnsigned) {
					return "", nil
				}
				return verified.TopicName, err
			})
			if !errors.Is(err, test.want) || (err == nil && len(found) == 0) != test.allowed {
				t.Errorf("%s: got %v, %v", test.reason, found, err)
			}
		})
	}
}
