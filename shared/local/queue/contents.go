package queue

import (
	"regexp"
	"strings"
	"time"
	"unicode/utf8"
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
		return failf(codeInvalidMessageContents, "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF.")
	}
	if err := checkAttributes(in.Attributes); err != nil {
		return err
	}
	if d := in.Delay; d != nil && (*d < 0 || *d > maxDelay) {
		return invalidValue(seconds(*d), "DelaySeconds", "DelaySeconds must be >= 0 and <= 900.")
	}
	return q.checkGroup(in)
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

// identifier is a MessageGroupId or MessageDeduplicationId: letters, digits
// and ASCII punctuation.
var identifier = regexp.MustCompile(`^[!-~]{1,128}$`)

func (q *Queue) checkGroup(in Input) error {
	if in.GroupID != "" && !identifier.MatchString(in.GroupID) {
		return invalidValue(in.GroupID, "MessageGroupId", "MessageGroupId can only include alphanumeric and punctuation characters. 1 to 128 in length.")
	}
	if in.DeduplicationID != "" && !identifier.MatchString(in.DeduplicationID) {
		return invalidValue(in.DeduplicationID, "MessageDeduplicationId", "MessageDeduplicationId can only include alphanumeric and punctuation characters. 1 to 128 in length.")
	}
	const wrongType = "The request include parameter that is not valid for this queue type"
	switch {
	case !q.fifo && in.DeduplicationID != "":
		return invalidValue(in.DeduplicationID, "MessageDeduplicationId", wrongType)
	case q.fifo && in.Delay != nil && *in.Delay > 0:
		return invalidValue(seconds(*in.Delay), "DelaySeconds", wrongType)
	case q.fifo && in.GroupID == "":
		return missingParameter("MessageGroupId")
	case q.fifo && in.DeduplicationID == "" && !q.settings.contentBased:
		return failf(codeInvalidParameterValue, "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly")
	}
	return nil
}

func checkAttributes(attributes map[string]Attribute) error {
	if len(attributes) > maxAttributes {
		return failf(codeInvalidParameterValue, "Number of message attributes [%d] exceeds the allowed maximum [%d].", len(attributes), maxAttributes)
	}
	for name, a := range attributes {
		if err := checkAttributeName(name); err != nil {
			return err
		}
		if err := a.check(name); err != nil {
			return err
		}
	}
	return nil
}

var (
	attributeName = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,256}$`)
	attributeType = regexp.MustCompile(`^(String|Number|Binary)(\..+)?$`)
	number        = regexp.MustCompile(`^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?$`)
)

func checkAttributeName(name string) error {
	lower := strings.ToLower(name)
	switch {
	case !attributeName.MatchString(name):
		return failf(codeInvalidParameterValue, "Message (user) attribute name %q is invalid: 1 to 256 letters, digits, hyphens, underscores and periods.", name)
	case strings.HasPrefix(lower, "aws.") || strings.HasPrefix(lower, "amazon."):
		return failf(codeInvalidParameterValue, "Message (user) attribute name %q starts with a prefix that is reserved (AWS. or Amazon.).", name)
	case name[0] == '.' || name[len(name)-1] == '.' || strings.Contains(name, ".."):
		return failf(codeInvalidParameterValue, "Message (user) attribute name %q is invalid: periods stand alone and inside.", name)
	}
	return nil
}

// check refuses a value that does not fit its type.
func (a Attribute) check(name string) error {
	refuse := func(reason string) error {
		return failf(codeInvalidParameterValue, "The message attribute '%s' %s", name, reason)
	}
	switch {
	case a.DataType == "":
		return refuse("must contain a non-empty message attribute type.")
	case !attributeType.MatchString(a.DataType) || len(a.DataType) > 256 || !utf8.ValidString(a.DataType):
		return refuse("has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String.")
	case a.Binary() && len(a.BinaryValue) == 0:
		return refuse("must contain a non-empty message attribute value of type Binary: BinaryValue.")
	case a.Binary():
		return nil
	case a.StringValue == "":
		return refuse("must contain a non-empty message attribute value of type String: StringValue.")
	case !allowedText(a.StringValue):
		return failf(codeInvalidMessageContents, "The message attribute '%s' contains invalid characters. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF.", name)
	case strings.HasPrefix(a.DataType, "Number") && !number.MatchString(a.StringValue):
		return refuse("of type Number must contain a number.")
	}
	return nil
}

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
