package wire

import (
	"encoding/base64"
	"regexp"
	"strings"
	"unicode/utf8"
)

// Attribute is a message attribute of SQS and SNS. BinaryValue holds the value
// when DataType is Binary or Binary.something, StringValue otherwise.
type Attribute struct {
	DataType    string
	StringValue string
	BinaryValue []byte
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

// ValidAttributeName reports whether a name is at most 256 bytes of letters,
// digits, hyphens, underscores, and periods that stand alone and inside.
func ValidAttributeName(name string) bool { return len(name) <= 256 && attributeName.MatchString(name) }

// ValidType reports whether the type is String, Number or Binary, or one of
// these with a label such as String.Array.
func (a Attribute) ValidType() bool {
	return len(a.DataType) <= 256 && utf8.ValidString(a.DataType) && attributeType.MatchString(a.DataType)
}

// Attributes returns the message attributes of a form: name.N.Name and
// name.N.Value.DataType, StringValue or BinaryValue; nil if there are none.
func (f Form) Attributes(name string) (map[string]Attribute, error) {
	var attributes map[string]Attribute
	for _, entry := range f.List(name, "Name") {
		value, err := base64.StdEncoding.DecodeString(entry.Get("Value.BinaryValue"))
		if err != nil {
			return nil, Errorf("InvalidParameterValue", "The message attribute '%s' has a binary value that is not base64.", entry.Get("Name"))
		}
		if attributes == nil {
			attributes = map[string]Attribute{}
		}
		attribute := Attribute{DataType: entry.Get("Value.DataType"), StringValue: entry.Get("Value.StringValue")}
		if len(value) > 0 {
			attribute.BinaryValue = value
		}
		attributes[entry.Get("Name")] = attribute
	}
	return attributes, nil
}
