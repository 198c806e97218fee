package ledger

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strconv"
)

// Digest is the SHA-256 of the parts, in base64url. Each part's length counts,
// so different parts have different digests.
func Digest(parts ...string) string {
	text := make([]byte, 0, 256)
	for _, part := range parts {
		text = strconv.AppendInt(text, int64(len(part)), 10)
		text = append(text, ':')
		text = append(text, part...)
	}
	sum := sha256.Sum256(text)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// key is the primary key of an item.
type key struct{ PK, SK string }

// All policies share one partition, so that one Query lists them. SES allows
// one change a second; a partition allows a thousand writes.
const policies = "policy"

func policyKey(n Name) key { return key{policies, Digest(n.Identity, n.PolicyName)} }

func versionsOf(n Name) string { return "versions#" + Digest(n.Identity, n.PolicyName) }

func versionKey(n Name, number int64) key {
	return key{versionsOf(n), fmt.Sprintf("%019d", number)}
}

func requestKey(messageID string) key { return key{"request#" + Digest(messageID), "request"} }

func resourceKey(s Stack) key { return key{"resource#" + Digest(s.StackID, s.LogicalID), "resource"} }

func aliasKey(kind string, parts ...string) key {
	return key{"alias#" + Digest(append([]string{kind}, parts...)...), "alias"}
}

// notification is the key by which people find a request whose SNS MessageId
// they know. Nothing is decided by it, for without a verified topic it is only a
// claim.
func (r Request) notification() []key {
	if r.NotificationID == "" {
		return nil
	}
	return []key{notificationKey(r.NotificationID)}
}

func notificationKey(id string) key { return aliasKey("notification", id) }

// aliases are the ids by which a second delivery of r is recognized.
func (r Request) aliases() []key {
	var keys []key
	if r.SourceMessageID != "" {
		keys = append(keys, aliasKey("redriven", r.MessageID), aliasKey("letter", r.SourceMessageID, r.BodyDigest))
	}
	if r.Topic != "" && r.NotificationID != "" {
		keys = append(keys, aliasKey("signed", r.NotificationID))
	}
	if r.Stack != nil {
		keys = append(keys, aliasKey("stack", r.Stack.StackID, r.Stack.RequestID, r.Topic, r.content()))
	}
	if r.TaskToken != "" {
		keys = append(keys, aliasKey("token", r.TaskToken, r.Topic, r.content()))
	}
	return keys
}
