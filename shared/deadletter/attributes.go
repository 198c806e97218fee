package deadletter

import (
	"encoding/json"
	"maps"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"sespolicy/shared/message"
)

// The attributes of a letter's reason.
const (
	ErrorCode       = "ErrorCode"
	ErrorMessage    = "ErrorMessage"    // at most 1 KB
	Violations      = "Violations"      // JSON: a list of findings
	SourceMessageID = "SourceMessageId" // the message's id on the source queue
	SourceQueueARN  = "SourceQueueArn"
	SenderID        = "SenderId"   // who sent the message, as SQS recorded it there
	AnsweredTo      = "AnsweredTo" // who is told of the failure: message.Stack or message.Task
	// OriginalAttributes are the sender's own, packed into one (JSON, in the
	// shape Lambda delivers them), if they and the reason are more than 10 or
	// share a name.
	OriginalAttributes = "OriginalAttributes"
)

// RanOutOfReceives is the code, for people and filters, of a letter that SQS moved
// itself.
const RanOutOfReceives = "RanOutOfReceives"

const (
	maxAttributes   = 10
	maxErrorMessage = 1024 // bytes; as in Lambda's own dead letters
)

// reasonNames are the names of all attributes of a reason.
var reasonNames = []string{ErrorCode, ErrorMessage, Violations, SourceMessageID, SourceQueueARN, SenderID, AnsweredTo, OriginalAttributes}

// reasons are the attributes a letter may be sent with, the fullest first. In the
// smallest the reason replaces sender's attributes of its names, so that a letter
// that was sent once is not too large when it fails again.
func reasons(letter Letter) []map[string]types.MessageAttributeValue {
	sender := senderAttributes(letter.Record.MessageAttributes)
	whole := map[string]string{
		ErrorCode:       letter.Code,
		ErrorMessage:    clean(letter.Message, maxErrorMessage),
		SourceMessageID: clean(letter.Record.MessageId, maxErrorMessage),
		SourceQueueARN:  clean(letter.Record.EventSourceARN, maxErrorMessage),
	}
	least := map[string]string{ErrorCode: letter.Code}
	if letter.SenderID != "" {
		whole[SenderID] = clean(letter.SenderID, maxErrorMessage)
	}
	if letter.AnsweredTo != "" {
		whole[AnsweredTo] = letter.AnsweredTo
		least[AnsweredTo] = letter.AnsweredTo
	}
	var variants []map[string]types.MessageAttributeValue
	if len(letter.Violations) > 0 {
		list, _ := json.Marshal(letter.Violations) // strings and numbers: it cannot fail
		fullest := maps.Clone(whole)
		fullest[Violations] = clean(string(list), len(list))
		variants = append(variants, join(sender, fullest))
	}
	variants = append(variants, join(sender, whole))
	for name := range least {
		delete(sender, name)
	}
	return append(variants, join(sender, least))
}

// senderAttributes are the sender's own attributes of a message, without the
// reason of an earlier dead letter; packed ones are unpacked.
func senderAttributes(attributes map[string]events.SQSMessageAttribute) map[string]events.SQSMessageAttribute {
	own := maps.Clone(attributes)
	packed, ok := reasonOf(attributes)
	if !ok {
		return own
	}
	for _, name := range reasonNames {
		delete(own, name)
	}
	maps.Copy(own, packed)
	return own
}

// reasonOf tells a reason that this package wrote from a sender's attributes that
// share its names: beside ErrorCode there must be what every whole reason has, or
// packed attributes that SQS accepts. It returns what was packed.
func reasonOf(attributes map[string]events.SQSMessageAttribute) (packed map[string]events.SQSMessageAttribute, ok bool) {
	if attributes[ErrorCode].StringValue == nil {
		return nil, false
	}
	original, isPacked := attributes[OriginalAttributes]
	if !isPacked {
		return nil, isWhole(attributes)
	}
	if original.StringValue == nil || json.Unmarshal([]byte(*original.StringValue), &packed) != nil || len(packed) == 0 || len(packed) > maxAttributes {
		return nil, false
	}
	for name, value := range packed {
		if !isSendable(name, value) {
			return nil, false
		}
	}
	return packed, true
}

// isWhole reports whether the attributes have what every reason but the smallest
// has.
func isWhole(attributes map[string]events.SQSMessageAttribute) bool {
	for _, name := range []string{ErrorCode, ErrorMessage, SourceMessageID, SourceQueueARN} {
		if attributes[name].StringValue == nil {
			return false
		}
	}
	return true
}

// attributeName is what SQS accepts as an attribute's name, its length and
// reserved prefixes aside.
var attributeName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$`) })

// isSendable reports whether SQS accepts the attribute.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html
func isSendable(name string, value events.SQSMessageAttribute) bool {
	lower := strings.ToLower(name)
	if len(name) > 256 || !attributeName().MatchString(name) || strings.HasPrefix(lower, "aws.") || strings.HasPrefix(lower, "amazon.") {
		return false
	}
	switch kind, _, _ := strings.Cut(value.DataType, "."); kind {
	case "Binary":
		return len(value.BinaryValue) > 0
	case "Number":
		_, err := strconv.ParseFloat(aws.ToString(value.StringValue), 64)
		return err == nil
	case "String":
		text := aws.ToString(value.StringValue)
		return text != "" && clean(text, len(text)) == text
	}
	return false
}

// Answered is who was told that the request of a message failed, before it was
// redriven: message.Stack, message.Task or nobody (empty). It stands beside an
// ErrorCode in every letter; any other attribute of that name is the sender's.
func Answered(attributes map[string]events.SQSMessageAttribute) string {
	told := aws.ToString(attributes[AnsweredTo].StringValue)
	if _, failed := attributes[ErrorCode]; failed && (told == message.Stack || told == message.Task) {
		return told
	}
	return ""
}

// Source is the id of the message that a redriven letter was written for; empty
// for a message that is no letter, and for a letter with the smallest reason. It
// is a claim: anybody can send a message with these attributes.
func Source(attributes map[string]events.SQSMessageAttribute) string {
	if _, ok := reasonOf(attributes); !ok {
		return ""
	}
	return aws.ToString(attributes[SourceMessageID].StringValue)
}

// join is the sender's attributes and the reason as SQS takes them: side by side
// if they fit, else with the sender's packed into one.
func join(sender map[string]events.SQSMessageAttribute, reason map[string]string) map[string]types.MessageAttributeValue {
	joined := make(map[string]types.MessageAttributeValue, maxAttributes)
	if len(sender)+len(reason) > maxAttributes || shareName(sender, reason) {
		packed, _ := json.Marshal(sender) // strings and bytes: it cannot fail
		joined[OriginalAttributes] = text(clean(string(packed), len(packed)))
	} else {
		for name, value := range sender {
			joined[name] = types.MessageAttributeValue{
				DataType: aws.String(value.DataType), StringValue: value.StringValue, BinaryValue: value.BinaryValue,
			}
		}
	}
	for name, value := range reason {
		joined[name] = text(value)
	}
	return joined
}

func shareName(sender map[string]events.SQSMessageAttribute, reason map[string]string) bool {
	for name := range sender {
		if _, ok := reason[name]; ok || name == OriginalAttributes {
			return true
		}
	}
	return false
}

func text(value string) types.MessageAttributeValue {
	return types.MessageAttributeValue{DataType: aws.String("String"), StringValue: aws.String(value)}
}

// clean is text as SQS accepts it in an attribute: not empty, other characters
// than XML 1.0's replaced by U+FFFD, at most limit bytes.
func clean(text string, limit int) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case r == '\t', r == '\n', r == '\r', r >= 0x20 && r <= 0xD7FF, r >= 0xE000 && r <= 0xFFFD, r >= 0x10000:
			return r
		}
		return utf8.RuneError
	}, text)
	if len(text) > limit {
		cut := limit
		for cut > 0 && !utf8.RuneStart(text[cut]) {
			cut--
		}
		text = text[:cut]
	}
	if text == "" {
		return "-"
	}
	return text
}
