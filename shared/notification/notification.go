// Package notification verifies that an SNS notification was signed by SNS, and
// says through which topic it came
// (https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html).
//
// Until then nothing in a notification can be trusted: anybody who may send to
// the queue can write one. The signature covers the message, its id, subject,
// time and topic; message attributes are not signed and not returned.
//
// The package does not decide which topics a deployment trusts, and it does not
// verify subscription confirmations. It relies on TLS for the certificate: SNS
// serves the signing certificate without its chain, so what vouches for it is
// that it was read over HTTPS from the only host and path that SNS uses in the
// Region.
package notification

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/arn"

	"sespolicy/shared/document"
	"sespolicy/shared/identity"
)

// The two ways in which [Verifier.Verify] fails.
var (
	// ErrUnsigned: SNS did not sign this, or not in a way that counts. It stays so.
	ErrUnsigned = errors.New("the notification has no valid signature of SNS")
	// ErrUnavailable: the certificate could not be read now; try again later.
	ErrUnavailable = errors.New("the certificate of SNS could not be read")
)

const (
	// MaxAge is how old a notification may be: as long as a queue keeps messages
	// at most (https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html).
	// An older one was sent to the queue again.
	MaxAge = 14 * 24 * time.Hour
	// maxSkew is how far SNS's clock may be ahead of the function's.
	maxSkew = 5 * time.Minute
)

// Notification is what an SNS notification says of itself, unverified.
type Notification struct {
	Type, MessageID, TopicARN, Message, Timestamp string
	Subject                                       string
	HasSubject                                    bool // SNS leaves a missing subject out
	SignatureVersion, Signature, SigningCertURL   string
}

// Read reads a notification from the JSON object that SNS delivers. A member
// that is missing or no string is empty.
func Read(n document.Node) Notification {
	text := func(name string) string {
		if m := n.Get(name); m.IsString() {
			return m.Text()
		}
		return ""
	}
	return Notification{
		Type: text("Type"), MessageID: text("MessageId"), TopicARN: text("TopicArn"),
		Message: text("Message"), Timestamp: text("Timestamp"),
		Subject: text("Subject"), HasSubject: n.Get("Subject").IsString(),
		SignatureVersion: text("SignatureVersion"), Signature: text("Signature"), SigningCertURL: text("SigningCertURL"),
	}
}

// Parse is [Read] for the body of a message. A body that is no JSON object is a
// notification of nothing.
func Parse(body string) Notification {
	doc, _ := document.ReadString(body)
	if doc == nil {
		return Notification{}
	}
	return Read(doc.Root())
}

// Verified is what SNS signed.
type Verified struct {
	TopicARN string
	// TopicName is the name of a topic of the owner's account and Region; empty
	// for any other topic.
	TopicName string
	MessageID string
	Timestamp time.Time // when SNS took the message
}

// Verify verifies the signature of a notification to the owner. The error wraps
// [ErrUnsigned] or [ErrUnavailable]; a reason that lies in the notification is
// found before any call is made.
func (v *Verifier) Verify(ctx context.Context, owner identity.Owner, n Notification) (Verified, error) {
	verified, err := n.claim(owner)
	if err != nil {
		return Verified{}, fmt.Errorf("%w: %w", ErrUnsigned, err)
	}
	hash, ok := hashes[n.SignatureVersion]
	if !ok {
		return Verified{}, fmt.Errorf("%w: its SignatureVersion is %.200q, want 1 or 2", ErrUnsigned, n.SignatureVersion)
	}
	signature, err := base64.StdEncoding.Strict().DecodeString(n.Signature)
	if err != nil {
		return Verified{}, fmt.Errorf("%w: its Signature is no base64: %w", ErrUnsigned, err)
	}
	key, err := v.key(ctx, owner, n.SigningCertURL)
	if err != nil {
		return Verified{}, err
	}
	if err := rsa.VerifyPKCS1v15(key, hash.id, hash.sum(n.signed()), signature); err != nil {
		return Verified{}, fmt.Errorf("%w: its Signature is of another text or key", ErrUnsigned)
	}
	return verified, nil
}

// hashes are those of the signature versions.
var hashes = map[string]struct {
	id  crypto.Hash
	sum func(string) []byte
}{
	"1": {crypto.SHA1, func(text string) []byte { sum := sha1.Sum([]byte(text)); return sum[:] }},
	"2": {crypto.SHA256, func(text string) []byte { sum := sha256.Sum256([]byte(text)); return sum[:] }},
}

// signed is the text that SNS signs: names and values of the signed members in
// alphabetical order, each on a line of its own.
func (n Notification) signed() string {
	var b strings.Builder
	line := func(name, value string) {
		b.WriteString(name + "\n" + value + "\n")
	}
	line("Message", n.Message)
	line("MessageId", n.MessageID)
	if n.HasSubject {
		line("Subject", n.Subject)
	}
	line("Timestamp", n.Timestamp)
	line("TopicArn", n.TopicARN)
	line("Type", n.Type)
	return b.String()
}

// topicName is how SNS names topics
// (https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html).
var topicName = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`\A[A-Za-z0-9_-]{1,256}(\.fifo)?\z`)
})

// claim reads what a notification says of itself, and refuses what cannot be
// verified whatever its signature.
//
// No signed member but Message may have a line break: with one in another, the
// same signed text could be read as another message with another id. SNS allows
// none in a subject
// (https://docs.aws.amazon.com/sns/latest/api/API_Publish.html).
func (n Notification) claim(owner identity.Owner) (Verified, error) {
	if n.Type != "Notification" {
		return Verified{}, fmt.Errorf("its Type is %.200q, want Notification", n.Type)
	}
	sent, err := time.Parse(time.RFC3339, n.Timestamp)
	switch now := time.Now(); {
	case err != nil:
		return Verified{}, fmt.Errorf("its Timestamp is %.200q, want RFC 3339", n.Timestamp)
	case now.Sub(sent) > MaxAge:
		return Verified{}, fmt.Errorf("it was sent at %s, more than %v ago", n.Timestamp, MaxAge)
	case sent.Sub(now) > maxSkew:
		return Verified{}, fmt.Errorf("it was sent at %s, which is in the future", n.Timestamp)
	}
	if n.MessageID == "" || strings.ContainsAny(n.MessageID+n.Subject, "\r\n") {
		return Verified{}, fmt.Errorf("its MessageId is %.200q and its Subject %.200q, want text without line breaks", n.MessageID, n.Subject)
	}
	topic, err := arn.Parse(n.TopicARN)
	if err != nil || topic.Service != "sns" || !topicName().MatchString(topic.Resource) || strings.ContainsAny(n.TopicARN, "\r\n") {
		return Verified{}, fmt.Errorf("its TopicArn is %.200q, want the ARN of a topic", n.TopicARN)
	}
	verified := Verified{TopicARN: n.TopicARN, MessageID: n.MessageID, Timestamp: sent}
	if topic.Partition == owner.Partition && topic.Region == owner.Region && topic.AccountID == owner.Account {
		verified.TopicName = topic.Resource
	}
	return verified, nil
}
