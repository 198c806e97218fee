package notification_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sespolicy/shared/identity"
	"sespolicy/shared/notification"
)

const (
	topicA  = "arn:aws:sns:us-east-1:123456789012:111122223333"
	address = "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-0123abcDEF.pem"
)

var owner = identity.Owner{Partition: "aws", Region: "us-east-1", Account: "123456789012"}

// keys are those of SNS and of somebody else.
var keys = sync.OnceValue(func() [2]*rsa.PrivateKey {
	var made [2]*rsa.PrivateKey
	for i := range made {
		made[i], _ = rsa.GenerateKey(rand.Reader, 2048)
	}
	return made
})

// now is when a synctest bubble begins.
var now = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// certificate is a file with a certificate of the key, valid for an hour before
// and 30 days after now.
func certificate(public crypto.PublicKey, signer crypto.Signer) []byte {
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(0, 0, 30)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, public, signer)
	if err != nil {
		panic(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// signed is a notification through topicA of now, after a change to it and
// before one to the signed one.
func signed(version string, before, after func(*notification.Notification)) notification.Notification {
	n := notification.Notification{
		Type: "Notification", MessageID: "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324", TopicARN: topicA,
		Message: "{\"Identity\":\"example.com\"}\n", Timestamp: now.Format("2006-01-02T15:04:05.000Z"),
		SignatureVersion: version, SigningCertURL: address,
	}
	if before != nil {
		before(&n)
	}
	text := "Message\n" + n.Message + "\nMessageId\n" + n.MessageID + "\n"
	if n.HasSubject {
		text += "Subject\n" + n.Subject + "\n"
	}
	text += "Timestamp\n" + n.Timestamp + "\nTopicArn\n" + n.TopicARN + "\nType\n" + n.Type + "\n"
	hash, sum := crypto.SHA1, sha1.Sum([]byte(text))
	digest := sum[:]
	if version == "2" {
		long := sha256.Sum256([]byte(text))
		hash, digest = crypto.SHA256, long[:]
	}
	signature, err := rsa.SignPKCS1v15(nil, keys()[0], hash, digest)
	if err != nil {
		panic(err)
	}
	n.Signature = base64.StdEncoding.EncodeToString(signature)
	if after != nil {
		after(&n)
	}
	return n
}

// server answers requests for certificates and counts them.
type server struct {
	status int
	body   []byte
	err    error
	delay  time.Duration
	asked  []string
}

func (s *server) Do(r *http.Request) (*http.Response, error) {
	s.asked = append(s.asked, r.URL.String())
	if s.delay > 0 {
		select {
		case <-time.After(s.delay):
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}
	if s.err != nil {
		return nil, s.err
	}
	status := s.status
	if status == 0 {
		status = http.StatusOK
	}
	return &http.Response{StatusCode: status, Body: io.NopCloser(bytes.NewReader(s.body)), Request: r}, nil
}

func serving() *server { return &server{body: certificate(keys()[0].Public(), keys()[0])} }

func TestVerify(t *testing.T) {
	type change = func(*notification.Notification)
	for _, test := range []struct {
		reason        string
		before, after change
		want          string // the topic's name; empty: unsigned
	}{
		{"as it was sent", nil, nil, "111122223333"},
		{"with a subject", func(n *notification.Notification) { n.Subject, n.HasSubject = "News", true }, nil, "111122223333"},
		{"13 days old", func(n *notification.Notification) { n.Timestamp = now.AddDate(0, 0, -13).Format(time.RFC3339) }, nil, "111122223333"},
		{"a minute ahead", func(n *notification.Notification) { n.Timestamp = now.Add(time.Minute).Format(time.RFC3339) }, nil, "111122223333"},

		{"another message", nil, func(n *notification.Notification) { n.Message += " " }, ""},
		{"another topic", nil, func(n *notification.Notification) {
			n.TopicARN = strings.Replace(topicA, "111122223333", "444455556666", 1)
		}, ""},
		{"another id", nil, func(n *notification.Notification) { n.MessageID = "x" }, ""},
		{"another time", nil, func(n *notification.Notification) { n.Timestamp = now.Add(time.Second).Format(time.RFC3339) }, ""},
		{"a subject added", nil, func(n *notification.Notification) { n.HasSubject = true }, ""},
		{"no signature", nil, func(n *notification.Notification) { n.Signature = "" }, ""},
		{"a signature that is no base64", nil, func(n *notification.Notification) { n.Signature = "!" }, ""},
		{"a version that is none", nil, func(n *notification.Notification) { n.SignatureVersion = "3" }, ""},
		{"the other version", nil, func(n *notification.Notification) {
			n.SignatureVersion = map[string]string{"1": "2", "2": "1"}[n.SignatureVersion]
		}, ""},
		{"15 days old", func(n *notification.Notification) { n.Timestamp = now.AddDate(0, 0, -15).Format(time.RFC3339) }, nil, ""},
		{"an hour ahead", func(n *notification.Notification) { n.Timestamp = now.Add(time.Hour).Format(time.RFC3339) }, nil, ""},
		{"a time that is none", func(n *notification.Notification) { n.Timestamp = "now" }, nil, ""},
		{"a confirmation", func(n *notification.Notification) { n.Type = "SubscriptionConfirmation" }, nil, ""},
		{"no id", func(n *notification.Notification) { n.MessageID = "" }, nil, ""},
		{"a line break in a subject", func(n *notification.Notification) { n.Subject, n.HasSubject = "a\nMessageId\nb", true }, nil, ""},
		{"a topic that is a queue", func(n *notification.Notification) { n.TopicARN = strings.Replace(topicA, "sns", "sqs", 1) }, nil, ""},
		{"a topic with a wildcard", func(n *notification.Notification) { n.TopicARN += "*" }, nil, ""},
	} {
		for _, version := range []string{"1", "2"} {
			synctest.Test(t, func(t *testing.T) {
				n := signed(version, test.before, test.after)
				got, err := notification.New(serving(), "").Verify(t.Context(), owner, n)
				if got.TopicName != test.want || (err == nil) != (test.want != "") || err != nil && !errors.Is(err, notification.ErrUnsigned) {
					t.Errorf("%s, version %s: got %+v, %v", test.reason, version, got, err)
				}
			})
		}
	}
}

// What is verified is the topic's ARN, the id and the time; the name only of an
// own topic.
func TestVerified(t *testing.T) {
	for topic, name := range map[string]string{
		topicA: "111122223333",
		"arn:aws:sns:us-east-1:999999999999:111122223333":    "",
		"arn:aws:sns:eu-west-1:123456789012:111122223333":    "",
		"arn:aws-cn:sns:us-east-1:123456789012:111122223333": "",
	} {
		synctest.Test(t, func(t *testing.T) {
			n := signed("2", func(n *notification.Notification) { n.TopicARN = topic }, nil)
			got, err := notification.New(serving(), "").Verify(t.Context(), owner, n)
			want := notification.Verified{TopicARN: topic, TopicName: name, MessageID: n.MessageID, Timestamp: now}
			if diff := cmp.Diff(want, got); err != nil || diff != "" {
				t.Errorf("%s: %v (-want +got):\n%s", topic, err, diff)
			}
		})
	}
}

func TestRead(t *testing.T) {
	const body = `{"Type":"Notification","MessageId":"i","TopicArn":"a","Subject":"","Message":"m\u000a","Timestamp":"t",
		"SignatureVersion":1,"Signature":"s","SigningCertURL":"u","UnsubscribeURL":"x"}`
	want := notification.Notification{Type: "Notification", MessageID: "i", TopicARN: "a", HasSubject: true, Message: "m\n", Timestamp: "t", Signature: "s", SigningCertURL: "u"}
	if diff := cmp.Diff(want, notification.Parse(body)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, body := range []string{"", "{", "[]", "null"} {
		if got := notification.Parse(body); got != (notification.Notification{}) {
			t.Errorf("%q: got %+v", body, got)
		}
	}
}

// verifyWith verifies a notification as it was sent, against a server.
func verifyWith(t *testing.T, v *notification.Verifier) error {
	t.Helper()
	_, err := v.Verify(t.Context(), owner, signed("2", nil, nil))
	return err
}

func TestCertificates(t *testing.T) {
	elliptical, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	short, _ := rsa.GenerateKey(rand.Reader, 1024)
	good := certificate(keys()[0].Public(), keys()[0])
	for _, test := range []struct {
		reason string
		server server
		want   error
	}{
		{"of SNS", server{body: good}, nil},
		{"with white space around", server{body: []byte("\n" + string(good) + "\n\n")}, nil},
		{"of somebody else", server{body: certificate(keys()[1].Public(), keys()[1])}, notification.ErrUnsigned},
		{"two", server{body: append(append([]byte{}, good...), good...)}, notification.ErrUnsigned},
		{"text before it", server{body: append([]byte("hello\n"), good...)}, notification.ErrUnsigned},
		{"text after it", server{body: append(append([]byte{}, good...), "hello"...)}, notification.ErrUnsigned},
		{"a public key", server{body: bytes.ReplaceAll(good, []byte("CERTIFICATE"), []byte("PUBLIC KEY"))}, notification.ErrUnsigned},
		{"garbage", server{body: []byte("<html>")}, notification.ErrUnsigned},
		{"nothing", server{}, notification.ErrUnsigned},
		{"too long", server{body: append(append([]byte{}, good...), bytes.Repeat([]byte("\n"), 1<<20)...)}, notification.ErrUnsigned},
		{"no RSA key", server{body: certificate(elliptical.Public(), elliptical)}, notification.ErrUnsigned},
		{"a short key", server{body: certificate(short.Public(), short)}, notification.ErrUnsigned},
		{"refused", server{status: 403}, notification.ErrUnsigned},
		{"not there", server{status: 404}, notification.ErrUnsigned},
		{"a redirect", server{status: 302, body: good}, notification.ErrUnsigned},
		{"too many requests", server{status: 429}, notification.ErrUnavailable},
		{"a fault of the server", server{status: 503}, notification.ErrUnavailable},
		{"no connection", server{err: errors.New("connection refused")}, notification.ErrUnavailable},
		{"no answer in time", server{body: good, delay: time.Minute}, notification.ErrUnavailable},
	} {
		synctest.Test(t, func(t *testing.T) {
			err := verifyWith(t, notification.New(&test.server, ""))
			if !errors.Is(err, test.want) {
				t.Errorf("%s: got %v, want %v", test.reason, err, test.want)
			}
			if took := time.Since(now); test.server.delay > 0 && took != 5*time.Second {
				t.Errorf("%s: gave up after %v", test.reason, took)
			}
		})
	}
}

// A certificate is read once, counts until it expires, and one that cannot be
// read is left alone for ten seconds.
func TestCertificatesAreKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serving()
		v := notification.New(s, "")
		for range 3 {
			if err := verifyWith(t, v); err != nil {
				t.Fatal(err)
			}
		}
		if len(s.asked) != 1 {
			t.Errorf("the certificate was read %d times", len(s.asked))
		}
		time.Sleep(31 * 24 * time.Hour)
		late := signed("2", func(n *notification.Notification) { n.Timestamp = time.Now().Format(time.RFC3339) }, nil)
		if _, err := v.Verify(t.Context(), owner, late); !errors.Is(err, notification.ErrUnsigned) {
			t.Errorf("with an expired certificate: got %v", err)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		s := serving()
		s.status = 500
		v := notification.New(s, "")
		for range 3 {
			if err := verifyWith(t, v); !errors.Is(err, notification.ErrUnavailable) {
				t.Errorf("got %v", err)
			}
		}
		if len(s.asked) != 1 {
			t.Errorf("asked %d times at once", len(s.asked))
		}
		s.status = 200
		time.Sleep(10 * time.Second)
		if err := verifyWith(t, v); err != nil {
			t.Errorf("after ten seconds: %v", err)
		}
	})
	synctest.Test(t, func(t *testing.T) { // an invocation that ends is no fault of the server's
		s := serving()
		s.delay = time.Second
		v := notification.New(s, "")
		ended, end := context.WithCancel(t.Context())
		end()
		if _, err := v.Verify(ended, owner, signed("2", nil, nil)); !errors.Is(err, notification.ErrUnavailable) {
			t.Errorf("got %v", err)
		}
		if err := verifyWith(t, v); err != nil {
			t.Errorf("in the next invocation: %v", err)
		}
	})
}
