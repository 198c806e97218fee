package queue

import (
	"cmp"
	"fmt"
	"net/http"
)

// Error is an answer of SQS that says no. Code is the name of the error as the
// API reference has it, and decides alone what a client sees: QueueDoesNotExist,
// InvalidParameterValueException, MessageNotInflight and so on. A fault hook may
// return one with any Code.
type Error struct {
	Code    string
	Message string
	Status  int // of HTTP; 0 means 400
}

// Error returns the code and the message.
func (e *Error) Error() string { return e.Code + ": " + e.Message }

func (e *Error) status() int { return cmp.Or(e.Status, http.StatusBadRequest) }

// code is an error's name in the JSON protocol and the one it had in the Query
// protocol, which SDKs still report (header x-amzn-query-error).
type code struct{ name, query string }

var (
	codeBatchEntryIDsNotDistinct = code{"BatchEntryIdsNotDistinct", "AWS.SimpleQueueService.BatchEntryIdsNotDistinct"}
	codeBatchRequestTooLong      = code{"BatchRequestTooLong", "AWS.SimpleQueueService.BatchRequestTooLong"}
	codeEmptyBatchRequest        = code{"EmptyBatchRequest", "AWS.SimpleQueueService.EmptyBatchRequest"}
	codeInvalidAddress           = code{"InvalidAddress", "InvalidAddress"}
	codeInvalidAttributeName     = code{"InvalidAttributeName", "InvalidAttributeName"}
	codeInvalidAttributeValue    = code{"InvalidAttributeValue", "InvalidAttributeValue"}
	codeInvalidBatchEntryID      = code{"InvalidBatchEntryId", "AWS.SimpleQueueService.InvalidBatchEntryId"}
	codeInvalidMessageContents   = code{"InvalidMessageContents", "InvalidMessageContents"}
	codeInvalidParameterValue    = code{"InvalidParameterValueException", "InvalidParameterValue"}
	codeMessageNotInflight       = code{"MessageNotInflight", "AWS.SimpleQueueService.MessageNotInflight"}
	codeMissingParameter         = code{"MissingRequiredParameterException", "MissingParameter"}
	codeOverLimit                = code{"OverLimit", "OverLimit"}
	codePurgeQueueInProgress     = code{"PurgeQueueInProgress", "AWS.SimpleQueueService.PurgeQueueInProgress"}
	codeQueueDeletedRecently     = code{"QueueDeletedRecently", "AWS.SimpleQueueService.QueueDeletedRecently"}
	codeQueueDoesNotExist        = code{"QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue"}
	codeQueueNameExists          = code{"QueueNameExists", "QueueAlreadyExists"}
	codeReceiptHandleIsInvalid   = code{"ReceiptHandleIsInvalid", "ReceiptHandleIsInvalid"}
	codeResourceNotFound         = code{"ResourceNotFoundException", "ResourceNotFoundException"}
	codeSerialization            = code{"SerializationException", "MalformedInput"}
	codeTooManyEntries           = code{"TooManyEntriesInBatchRequest", "AWS.SimpleQueueService.TooManyEntriesInBatchRequest"}
	codeUnknownOperation         = code{"UnknownOperationException", "InvalidAction"}
	codeUnsupportedOperation     = code{"UnsupportedOperation", "AWS.SimpleQueueService.UnsupportedOperation"}
)

var queryCodes = func() map[string]string {
	byName := map[string]string{}
	for _, c := range []code{
		codeBatchEntryIDsNotDistinct, codeBatchRequestTooLong, codeEmptyBatchRequest, codeInvalidAddress,
		codeInvalidAttributeName, codeInvalidAttributeValue, codeInvalidBatchEntryID, codeInvalidMessageContents,
		codeInvalidParameterValue, codeMessageNotInflight, codeMissingParameter, codeOverLimit,
		codePurgeQueueInProgress, codeQueueDeletedRecently, codeQueueDoesNotExist, codeQueueNameExists,
		codeReceiptHandleIsInvalid, codeResourceNotFound, codeSerialization, codeTooManyEntries,
		codeUnknownOperation, codeUnsupportedOperation,
	} {
		byName[c.name] = c.query
	}
	return byName
}()

func failf(c code, format string, args ...any) *Error {
	return &Error{Code: c.name, Message: fmt.Sprintf(format, args...)}
}

// invalidValue words a refused parameter as SQS does.
func invalidValue(value any, parameter, reason string) *Error {
	return failf(codeInvalidParameterValue, "Value %v for parameter %s is invalid. Reason: %s", value, parameter, reason)
}

func missingParameter(name string) *Error {
	return failf(codeMissingParameter, "The request must contain the parameter %s.", name)
}

func missingQueue(name string) *Error {
	return failf(codeQueueDoesNotExist, "The specified queue does not exist: %s.", name)
}

// shape is the error's full name in a JSON answer: those of the model of SQS
// live in its namespace, those that every service has in the framework's.
func (e *Error) shape() string {
	switch e.Code {
	case codeInvalidParameterValue.name, codeMissingParameter.name, codeSerialization.name, codeUnknownOperation.name:
		return "com.amazon.coral.service#" + e.Code
	default:
		return "com.amazonaws.sqs#" + e.Code
	}
}
