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
)

// The attributes of a letter's reason.
const (
	ErrorCode       = "ErrorCode"
	ErrorMessage    = "ErrorMessage"    // at most 1 KB
	Violations      = "Violations"      // JSON: a list of findings
	SourceMessageID = "SourceMessageId" // the message's id on the source queue
	SourceQueueARN  = "SourceQueueArn"
	AnsweredTo      = "AnsweredTo" // who was told of the failure: CloudFormation or StepFunctions
	// OriginalAttributes are the sender's own, packed into one (JSON, in the
	// shape Lambda delivers them), where they and the reason are more than 10 or
	// share a name.
	OriginalAttributes = "OriginalAttributes"
)

const (
	maxAttributes   = 10
	maxErrorMessage = 1024 // bytes; as in Lambda's own dead letters
)

// reasonNames are all of them.
var reasonNames = []string{ErrorCode, ErrorMessage, Violations, SourceMessageID, SourceQueueARN, AnsweredTo, OriginalAttributes}

// reasons are the attributes a letter may go with, the fullest first. In the
// smallest the reason takes the place of whatever has its names: a letter that
// went so once must not have outgrown the queue when it fails again.
func reasons(letter Letter) []map[string]types.MessageAttributeValue {
	sender := senderAttributes(letter.Record.MessageAttributes)
	whole := map[string]string{
		ErrorCode:       letter.Code,
		ErrorMessage:    clean(letter.Message, maxErrorMessage),
		SourceMessageID: clean(letter.Record.MessageId, maxErrorMessage),
		SourceQueueARN:  clean(letter.Record.EventSourceARN, maxErrorMessage),
	}
	least := map[string]string{ErrorCode: letter.Code}
	if letter.AnsweredTo != "" {
		whole[AnsweredTo] = letter.AnsweredTo
		least[AnsweredTo] = letter.AnsweredTo
	}
	var rungs []map[string]types.MessageAttributeValue
	if len(letter.Violations) > 0 {
		list, _ := json.Marshal(letter.Violations) // strings and numbers: it cannot fail
		fullest := maps.Clone(whole)
		fullest[Violations] = clean(string(list), len(list))
		rungs = append(rungs, join(sender, fullest))
	}
	rungs = append(rungs, join(sender, whole))
	for name := range least {
		delete(sender, name)
	}
	return append(rungs, join(sender, least))
}

// senderAttributes are the sender's own attributes of a message: the reason of
// an earlier dead letter is taken off, and what it packed unpacked.
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

// reasonOf tells a reason that this package wrote from attributes that only
// share its names, which are the sender's to use: beside ErrorCode there must be
// what every whole reason has, or packed attributes that SQS would take. It
// returns what was packed.
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

// isWhole reports whether the attributes have what every reason has but the
// smallest.
func isWhole(attributes map[string]events.SQSMessageAttribute) bool {
	for _, name := range []string{ErrorCode, ErrorMessage, SourceMessageID, SourceQueueARN} {
		if attributes[name].StringValue == nil {
			return false
		}
	}
	return true
}

// attributeName is what SQS takes as an attribute's name, but for its length and
// its reserved prefixes.
var attributeName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$`) })

// isSendable reports whether SQS takes the attribute.
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
// put back: CloudFormation or StepFunctions, or nobody (empty). It stands
// beside an ErrorCode in every letter; any other attribute of that name is the
// sender's own.
func Answered(attributes map[string]events.SQSMessageAttribute) string {
	told := aws.ToString(attributes[AnsweredTo].StringValue)
	if _, failed := attributes[ErrorCode]; failed && (told == "CloudFormation" || told == "StepFunctions") {
		return told
	}
	return ""
}

// join is the sender's attributes and the reason as SQS takes them: side by
// side where they fit, the sender's packed into one where they don't.
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

// clean is text as SQS takes it in an attribute: not empty, only characters of
// XML 1.0, the others replaced by U+FFFD, and no longer than limit bytes.
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
