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
