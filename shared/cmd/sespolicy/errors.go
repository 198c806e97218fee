package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"syscall"

	"github.com/aws/smithy-go"

	"sespolicy/shared/printout"
)

// exitError is an error with an exit status. Any other error ends the program
// with 1.
type exitError struct {
	status int
	err    error // nil if it was shown already
}

func (e *exitError) Error() string {
	if e.err == nil {
		return "failed"
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

// errShown ends the program with 1 and without a message.
var errShown = &exitError{status: 1}

// couldNot is an error after which nothing is known: exit status 2, so that a
// script can tell it from findings.
func couldNot(err error) error {
	if err == nil {
		return nil
	}
	return &exitError{2, err}
}

// hinted is an error and what to do about it.
type hinted struct {
	error
	hint string
}

func (h *hinted) Unwrap() error { return h.error }

// withHint adds to an error what to do about it. The text may have several lines.
func withHint(err error, format string, values ...any) error {
	return &hinted{err, fmt.Sprintf(format, values...)}
}

// report shows an error, with the hint on a line of its own, and returns the
// exit status.
func report(stderr io.Writer, err error) int {
	if err == nil {
		return 0
	}
	exit, ok := errors.AsType[*exitError](err)
	if !ok {
		exit = &exitError{1, err}
	}
	if exit.err != nil {
		// Nobody is left to tell if standard error cannot be written.
		_, _ = fmt.Fprintln(stderr, "sespolicy:", printout.EscapeLines(err.Error()))
		if hint := hintOf(err); hint != "" {
			_, _ = fmt.Fprintln(stderr, "hint:", printout.EscapeLines(hint))
		}
	}
	return exit.status
}

// hintOf is what to do about an error; empty where it says enough itself.
func hintOf(err error) string {
	if h, ok := errors.AsType[*hinted](err); ok {
		return h.hint
	}
	if errors.Is(err, syscall.ECONNREFUSED) {
		return "nothing listens there: start sespolicy local, or give its --endpoint"
	}
	if errors.Is(err, context.Canceled) {
		return "it was interrupted"
	}
	api, ok := errors.AsType[smithy.APIError](err)
	operation, called := errors.AsType[*smithy.OperationError](err)
	if !ok || !called {
		return ""
	}
	return awsHint(operation, api.ErrorCode())
}

// awsHint is what to do about an error code of AWS.
func awsHint(operation *smithy.OperationError, code string) string {
	describesStacks := operation.OperationName == "DescribeStacks"
	switch code {
	case "AccessDenied", "AccessDeniedException", "AuthorizationError", "AuthorizationErrorException", "UnauthorizedOperation":
		return "your credentials need the permission " + permission(operation)
	case "KmsAccessDenied", "KMS.AccessDeniedException", "KMSAccessDenied":
		return "your credentials need kms:Decrypt and kms:GenerateDataKey on the key of the queue or topic"
	case "ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "UnrecognizedClientException", "InvalidToken":
		return "your AWS credentials are expired or wrong: log in again, or set AWS_PROFILE"
	case "QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue":
		return "there is no such queue in this account and Region"
	case "ResourceNotFoundException":
		return "there is no such table in this account and Region"
	case "NotFound", "NotFoundException":
		return "there is no such topic in this account and Region"
	case "ValidationError":
		if describesStacks {
			return "there is no such stack in this account and Region: see aws cloudformation list-stacks, or set AWS_REGION and AWS_PROFILE"
		}
	case "UnknownOperationException", "InvalidAction":
		if describesStacks {
			return "what answers there has no stacks: for sespolicy local give --local, for AWS unset AWS_ENDPOINT_URL"
		}
		return "this service has no " + operation.OperationName + ": select the letters by a filter or their ids, then they are put back one by one"
	}
	return ""
}

// permission is the IAM action of an operation: a batch needs that of the single
// call, and a transaction of DynamoDB those of its writes.
func permission(operation *smithy.OperationError) string {
	if operation.OperationName == "TransactWriteItems" {
		return "dynamodb:PutItem"
	}
	return fmt.Sprintf("%s:%s", strings.ToLower(operation.ServiceID), strings.TrimSuffix(operation.OperationName, "Batch"))
}
