package wire

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// Attribute is a message attribute of SQS and SNS. BinaryValue holds the value
// when DataType is Binary or Binary.something, StringValue otherwise.
type Attribute struct {
	DataType    string
	StringValue string `json:",omitempty"`
	BinaryValue []byte `json:",omitempty"`
}

// Binary reports whether the value is BinaryValue.
func (a Attribute) Binary() bool {
	kind, _, _ := strings.Cut(a.DataType, ".")
	return kind == "Binary"
}

var (
	attributeName = regexp.MustCompile(`^[\p{L}\p{N}_-]+(\.[\p{L}\p{N}_-]+)*$`)
	attributeType = regexp.MustCompile(`^(String|Number|Binary)(\..+)?$`)
)

// Problem is why both services refuse an attribute of a name: one that is not at
// most 256 bytes of letters, digits, hyphens, underscores, and periods that stand
// alone and inside; a type other than String, Number, Binary, or one of these
// with a label such as String.Array; no value of that type. It is empty if there
// is none.
func (a Attribute) Problem(name string) string {
	text, binary := a.StringValue != "", len(a.BinaryValue) > 0
	switch {
	case len(name) > 256 || !attributeName.MatchString(name):
		return "has an invalid name: 1 to 256 letters, digits, hyphens and underscores, and single periods inside."
	case len(a.DataType) > 256 || !utf8.ValidString(a.DataType) || !attributeType.MatchString(a.DataType):
		return "has an invalid message attribute type '" + a.DataType + "': it must be or start with Binary, Number or String."
	case text == binary || binary != a.Binary():
		return "must contain one non-empty message attribute value, for message attribute type '" + a.DataType + "'."
	}
	return ""
}

// Size is the size of a message in bytes as SQS and SNS count it: its body, and
// name, type and value of each attribute.
func Size(body string, attributes map[string]Attribute) int {
	size := len(body)
	for name, a := range attributes {
		size += len(name) + len(a.DataType) + len(a.StringValue) + len(a.BinaryValue)
	}
	return size
}

const maxBatch = 10

var batchID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,80}$`)

// BatchAnswer answers a batch of SQS or SNS entry by entry. In JSON an empty
// list is left out: clients look for the member Failed.
type BatchAnswer struct {
	Successful []any          `json:",omitempty" xml:"Successful>member"`
	Failed     []BatchFailure `json:",omitempty" xml:"Failed>member"`
}

// BatchFailure is why one entry failed. Code is that of the Query protocol,
// without the service's prefix.
type BatchFailure struct {
	ID            string `json:"Id" xml:"Id"`
	Code, Message string
	SenderFault   bool
}

// Batch does each entry in order; id tells the id that the caller gave it. A
// malformed batch fails as a whole, before any entry. The prefix is that of the
// service's codes in the Query protocol.
func Batch[E any](entries []E, prefix string, id func(E) string, do func(E) (any, error)) (answer BatchAnswer, err error) {
	if err := checkBatch(entries, id); err != nil {
		err.Query = prefix + err.Code
		return answer, err
	}
	for _, e := range entries {
		result, err := do(e)
		if err == nil {
			answer.Successful = append(answer.Successful, result)
			continue
		}
		refused := AsError(err)
		code := strings.TrimPrefix(refused.QueryCode(), prefix)
		answer.Failed = append(answer.Failed, BatchFailure{id(e), code, refused.Message, refused.Side() == "Sender"})
	}
	return answer, nil
}

func checkBatch[E any](entries []E, id func(E) string) *Error {
	switch {
	case len(entries) == 0:
		return Errorf("EmptyBatchRequest", "There should be at least one entry in the request.")
	case len(entries) > maxBatch:
		return Errorf("TooManyEntriesInBatchRequest", "Maximum number of entries per request are %d. You have sent %d.", maxBatch, len(entries))
	}
	seen := map[string]bool{}
	for _, e := range entries {
		switch id := id(e); {
		case !batchID.MatchString(id):
			return Errorf("InvalidBatchEntryId", "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long: %q.", id)
		case seen[id]:
			return Errorf("BatchEntryIdsNotDistinct", "Id %s repeated.", id)
		default:
			seen[id] = true
		}
	}
	return nil
}
