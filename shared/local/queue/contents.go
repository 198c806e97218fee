package queue

import (
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"sespolicy/shared/local/wire"
)

const (
	// maxPayload limits body and attributes of one message, and of all
	// messages of a batch together: 1 MiB.
	maxPayload    = 1 << 20
	maxAttributes = 10
	maxDelay      = 15 * time.Minute
)

// check refuses what SQS refuses in a message.
func (q *Queue) check(in Input) error {
	if in.Body == "" {
		return missingParameter("MessageBody")
	}
	if size := in.size(); size > q.settings.maximumMessageSize {
		return failf(codeInvalidParameterValue, "One or more parameters are invalid. Reason: Message must be shorter than %d bytes, and has %d with its attributes.", q.settings.maximumMessageSize, size)
	}
	if !allowedText(in.Body) {
		return failf(codeInvalidMessageContents, "Invalid characters found. Valid unicode characters are %s.", validCharacters)
	}
	if len(in.Attributes) > maxAttributes {
		return failf(codeInvalidParameterValue, "Number of message attributes [%d] exceeds the allowed maximum [%d].", len(in.Attributes), maxAttributes)
	}
	for name, a := range in.Attributes {
		if err := checkAttribute(name, a); err != nil {
			return err
		}
	}
	if d := in.Delay; d != nil && (*d < 0 || *d > maxDelay) {
		return invalidValue(seconds(*d), "DelaySeconds", "DelaySeconds must be >= 0 and <= 900.")
	}
	if in.GroupID != "" && !groupID.MatchString(in.GroupID) {
		return invalidGroup(in.GroupID)
	}
	return nil
}

// size is what counts against the limits: the body, and name, type and value
// of each message attribute. System attributes are free.
func (in Input) size() int {
	size := len(in.Body)
	for name, a := range in.Attributes {
		size += len(name) + len(a.DataType) + len(a.StringValue) + len(a.BinaryValue)
	}
	return size
}

var (
	groupID = regexp.MustCompile(`^[!-~]{1,128}$`) // letters, digits and ASCII punctuation
	number  = regexp.MustCompile(`^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?$`)
)

func invalidGroup(id string) error {
	return invalidValue(id, "MessageGroupId", "MessageGroupId can only include alphanumeric and punctuation characters. 1 to 128 in length.")
}

// checkAttribute refuses a name that is not allowed, and a value that does not
// fit its type.
func checkAttribute(name string, a Attribute) error {
	refuse := func(reason string) error {
		return failf(codeInvalidParameterValue, "The message attribute '%s' %s", name, reason)
	}
	lower := strings.ToLower(name)
	switch {
	case !wire.ValidAttributeName(name):
		return refuse("has an invalid name: 1 to 256 letters, digits, hyphens and underscores, and single periods inside.")
	case strings.HasPrefix(lower, "aws.") || strings.HasPrefix(lower, "amazon."):
		return refuse("has a name that starts with a reserved prefix: AWS. or Amazon.")
	case a.DataType == "":
		return refuse("must contain a non-empty message attribute type.")
	case !a.ValidType():
		return refuse("has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String.")
	case a.Binary() && (len(a.BinaryValue) == 0 || a.StringValue != ""):
		return refuse("must contain a non-empty message attribute value of type Binary: BinaryValue.")
	case a.Binary():
		return nil
	case a.StringValue == "" || len(a.BinaryValue) > 0:
		return refuse("must contain a non-empty message attribute value of type String: StringValue.")
	case !allowedText(a.StringValue):
		return refuse("contains invalid characters. Valid unicode characters are " + validCharacters + ".")
	case strings.HasPrefix(a.DataType, "Number") && !number.MatchString(a.StringValue):
		return refuse("of type Number must contain a number.")
	}
	return nil
}

const validCharacters = "#x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF"

// allowedText reports whether a text has only the characters of XML 1.0.
func allowedText(text string) bool {
	for at, r := range text {
		switch {
		case r == '\t', r == '\n', r == '\r', r >= 0x20 && r <= 0xD7FF, r >= 0xE000 && r <= 0xFFFC, r >= 0x10000:
		case r == utf8.RuneError && strings.HasPrefix(text[at:], "\uFFFD"): // written so, not a broken byte
		default:
			return false
		}
	}
	return true
}
