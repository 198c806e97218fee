package queue

import (
	"cmp"
	"fmt"
	"net/http"
)

// code is an error's name in the JSON protocol, the one it had in the Query
// protocol, which SDKs still report, and its HTTP status if it is not 400.
type code struct {
	name, query string
	status      int
}

// prefix begins most of the codes of the Query protocol.
const prefix = "AWS.SimpleQueueService."

var (
	codeBatchRequestTooLong    = code{"BatchRequestTooLong", prefix + "BatchRequestTooLong", 0}
	codeInvalidAddress         = code{"InvalidAddress", "InvalidAddress", 0}
	codeInvalidAttributeName   = code{"InvalidAttributeName", "InvalidAttributeName", 0}
	codeInvalidAttributeValue  = code{"InvalidAttributeValue", "InvalidAttributeValue", 0}
	codeInvalidMessageContents = code{"InvalidMessageContents", "InvalidMessageContents", 0}
	codeInvalidParameterValue  = code{"InvalidParameterValueException", "InvalidParameterValue", 0}
	codeMissingParameter       = code{"MissingRequiredParameterException", "MissingParameter", 0}
	codeOverLimit              = code{"OverLimit", "OverLimit", http.StatusForbidden}
	codePurgeQueueInProgress   = code{"PurgeQueueInProgress", prefix + "PurgeQueueInProgress", http.StatusForbidden}
	codeQueueDoesNotExist      = code{"QueueDoesNotExist", prefix + "NonExistentQueue", 0}
	codeQueueNameExists        = code{"QueueNameExists", "QueueAlreadyExists", 0}
	codeReceiptHandleIsInvalid = code{"ReceiptHandleIsInvalid", "ReceiptHandleIsInvalid", 0}
	codeResourceNotFound       = code{"ResourceNotFoundException", "ResourceNotFoundException", http.StatusNotFound}
	codeUnknownOperation       = code{"UnknownOperationException", "InvalidAction", http.StatusNotFound}
)

func failf(c code, format string, args ...any) *Error {
	return &Error{Code: c.name, Query: c.query, Status: c.status, Message: fmt.Sprintf(format, args...)}
}

// invalidValue words a refused parameter as SQS does.
func invalidValue(value any, parameter, reason string) *Error {
	return failf(codeInvalidParameterValue, "Value %v for parameter %s is invalid. Reason: %s", value, parameter, reason)
}

// checkRange refuses an integer outside of what a parameter takes.
func checkRange[T cmp.Ordered](value T, parameter string, least, most T) error {
	if value < least || value > most {
		return invalidValue(value, parameter, fmt.Sprintf("Must be between %v and %v, if provided.", least, most))
	}
	return nil
}

func missingParameter(name string) *Error {
	return failf(codeMissingParameter, "The request must contain the parameter %s.", name)
}

func missingQueue(name string) *Error {
	return failf(codeQueueDoesNotExist, "The specified queue does not exist: %s.", name)
}
