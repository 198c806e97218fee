package deadletter

import (
	"encoding/json"
	"maps"
	"strings"
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

var reasonNames = []string{ErrorCode, ErrorMessage, Violations, SourceMessageID, SourceQueueARN, AnsweredTo, OriginalAttributes}

// reasons are the attributes a letter may go with, the fullest first.
func reasons(letter Letter) []map[string]types.MessageAttributeValue {
	sender := senderAttributes(letter.Record)
	whole := map[string]string{
		ErrorCode:       letter.Code,
		ErrorMessage:    clean(letter.Message, maxErrorMessage),
		SourceMessageID: letter.Record.MessageId,
		SourceQueueARN:  letter.Record.EventSourceARN,
	}
	least := map[string]string{ErrorCode: letter.Code}
	if letter.AnsweredTo != "" {
		whole[AnsweredTo] = letter.AnsweredTo
		least[AnsweredTo] = letter.AnsweredTo
	}
	rungs := []map[string]string{whole, least}
	if len(letter.Violations) > 0 {
		list, _ := json.Marshal(letter.Violations) // strings and numbers: it cannot fail
		fullest := maps.Clone(whole)
		fullest[Violations] = clean(string(list), len(list))
		rungs = append([]map[string]string{fullest}, rungs...)
	}
	letters := make([]map[string]types.MessageAttributeValue, len(rungs))
	for i, reason := range rungs {
		letters[i] = join(sender, reason)
	}
	return letters
}

// senderAttributes are the sender's own attributes of a message: what an
// earlier dead letter added is taken off, what it packed is unpacked. A reason
// is known by SourceMessageId beside ErrorCode; a sender may well use one of
// the names for itself.
func senderAttributes(record events.SQSMessage) map[string]events.SQSMessageAttribute {
	own := maps.Clone(record.MessageAttributes)
	_, hasCode := own[ErrorCode]
	_, hasSource := own[SourceMessageID]
	if !hasCode || !hasSource {
		return own
	}
	packed := own[OriginalAttributes]
	for _, name := range reasonNames {
		delete(own, name)
	}
	if packed.StringValue != nil {
		// What does not read back is no packing of this package's: nothing to unpack.
		_ = json.Unmarshal([]byte(*packed.StringValue), &own)
	}
	return own
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
