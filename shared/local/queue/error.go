package queue

import (
	"cmp"
	"fmt"
	"net/http"

	"sespolicy/shared/local/wire"
)

// Error is an error answer. Its Code is the name in the API reference:
// QueueDoesNotExist, InvalidParameterValueException and so on.
type Error = wire.Error

// prefix begins most of the codes of the Query protocol.
const prefix = "AWS.SimpleQueueService."

// The errors that are answered, without their messages. Query is the code that an
// error had in the Query protocol, which SDKs still report.
var (
	batchRequestTooLong    = Error{Code: "BatchRequestTooLong", Query: prefix + "BatchRequestTooLong"}
	invalidAttributeName   = Error{Code: "InvalidAttributeName"}
	invalidAttributeValue  = Error{Code: "InvalidAttributeValue"}
	invalidMessageContents = Error{Code: "InvalidMessageContents"}
	invalidParameterValue  = Error{Code: "InvalidParameterValueException", Query: "InvalidParameterValue"}
	missingRequired        = Error{Code: "MissingRequiredParameterException", Query: "MissingParameter"}
	purgeQueueInProgress   = Error{Code: "PurgeQueueInProgress", Query: prefix + "PurgeQueueInProgress", Status: http.StatusForbidden}
	queueDoesNotExist      = Error{Code: "QueueDoesNotExist", Query: prefix + "NonExistentQueue"}
	receiptHandleIsInvalid = Error{Code: "ReceiptHandleIsInvalid"}
	resourceNotFound       = Error{Code: "ResourceNotFoundException", Status: http.StatusNotFound}
)

func fail(e Error, format string, args ...any) *Error {
	e.Message = fmt.Sprintf(format, args...)
	return &e
}

// invalidValue words a refused parameter as SQS does.
func invalidValue(value any, parameter, reason string) *Error {
	return fail(invalidParameterValue, "Value %v for parameter %s is invalid. Reason: %s", value, parameter, reason)
}

// checkRange refuses a number outside of what a parameter takes, if there is
// one.
func checkRange[T cmp.Ordered](value *T, parameter string, least, most T) error {
	if value != nil && (*value < least || *value > most) {
		return invalidValue(*value, parameter, fmt.Sprintf("Must be between %v and %v, if provided.", least, most))
	}
	return nil
}

func missingParameter(name string) *Error {
	return fail(missingRequired, "The request must contain the parameter %s.", name)
}

func missingQueue(name string) *Error {
	return fail(queueDoesNotExist, "The specified queue does not exist: %s.", name)
}
