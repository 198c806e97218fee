package queue

import (
	"crypto/md5"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"maps"
	"slices"
)

func md5OfBody(body string) string {
	sum := md5.Sum([]byte(body))
	return hex.EncodeToString(sum[:])
}

// md5OfAttributes digests message attributes as clients do to check that
// nothing was changed: sorted by name; name, data type and value each after
// its length in four bytes, big-endian; before the value one byte, 1 for text
// and 2 for binary. See "Calculating the MD5 message digest for message
// attributes" in the SQS developer guide. Without attributes it is "".
func md5OfAttributes(attributes map[string]Attribute) string {
	if len(attributes) == 0 {
		return ""
	}
	var text []byte
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		a := attributes[name]
		text = appendSized(text, name)
		text = appendSized(text, a.DataType)
		if a.Binary() {
			text = appendSized(append(text, 2), string(a.BinaryValue))
		} else {
			text = appendSized(append(text, 1), a.StringValue)
		}
	}
	sum := md5.Sum(text)
	return hex.EncodeToString(sum[:])
}

func appendSized(to []byte, value string) []byte {
	return append(binary.BigEndian.AppendUint32(to, uint32(len(value))), value...)
}

// contentID is the deduplication id of a message on a queue with
// ContentBasedDeduplication: of the body alone, not of its attributes.
func contentID(body string) string {
	sum := sha256.Sum256([]byte(body))
	return hex.EncodeToString(sum[:])
}
