package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"

	"github.com/aws/smithy-go"
	"github.com/spf13/cobra"

	"sespolicy/shared/examine"
	"sespolicy/shared/printout"
)

// exitError ends the program with a status, and without a message: what it
// stands for was shown already.
type exitError int

func (e exitError) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

// errShown ends the program with 1 and without a message.
const errShown = exitError(1)

// statuses are the exit statuses of an error, by command. Where 1 and 2 are
// answers, an error is told apart from them.
var statuses = map[string]struct{ usage, failure int }{
	"check": {2, 2}, "audit": {2, 2}, "list": {2, 2}, "who-can": {2, 2}, "can-send": {2, 2}, "export": {2, 2}, // 1: findings, or no
	"plan": {1, 1}, // 2: changes
	"":     {2, 1}, // all others
}

// usageError is an error in how a command was called: flags, arguments, the
// deployment file.
type usageError struct{ error }

func (u usageError) Unwrap() error { return u.error }

// badUse makes a usage error of an error.
func badUse(err error) error {
	if err == nil {
		return nil
	}
	return usageError{err}
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

// report shows an error of a command, with the hint on a line of its own, and
// returns the exit status.
func report(stderr io.Writer, command *cobra.Command, err error) int {
	if err == nil {
		return 0
	}
	if shown, ok := err.(exitError); ok { //nolint:errorlint // an error around it is to be shown
		return int(shown)
	}
	_, usage := errors.AsType[usageError](err)
	hint := hintOf(err)
	if hint == "" && usage {
		hint = "see " + command.CommandPath() + " --help"
	}
	showError(stderr, "sespolicy: ", err, hint)
	status, special := statuses[pathOf(command)]
	if !special {
		status = statuses[""]
	}
	if usage {
		return status.usage
	}
	return status.failure
}

// showError writes an error, and its hint below it. Nobody is left to tell if
// that fails.
func showError(stderr io.Writer, prefix string, err error, hint string) {
	text := err.Error()
	operation, called := errors.AsType[*smithy.OperationError](err)
	if call, ok := errors.AsType[*net.OpError](err); ok && called && errors.Is(err, syscall.ECONNREFUSED) {
		text = strings.ReplaceAll(text, operation.Error(), "nothing answers at "+call.Addr.String()) // in place of the client's attempts
	}
	_, _ = fmt.Fprintln(stderr, prefix+printout.EscapeLines(text))
	if hint != "" {
		_, _ = fmt.Fprintln(stderr, "hint:", printout.EscapeLines(hint))
	}
}

// hintOf is what to do about an error; empty where it says enough itself.
func hintOf(err error) string {
	if h, ok := errors.AsType[*hinted](err); ok {
		return h.hint
	}
	if errors.Is(err, syscall.ECONNREFUSED) {
		return "start sespolicy local, or give its --endpoint; for AWS unset AWS_ENDPOINT_URL"
	}
	if _, ok := errors.AsType[*examine.UnknownError](err); ok {
		return "deploy it, or write the request with its values"
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
		switch {
		case operation.OperationName == "GetCallerIdentity":
			return "what answers there does not know accounts: add --local or give --account; for AWS, unset AWS_ENDPOINT_URL"
		case describesStacks:
			return "what answers there is neither AWS nor sespolicy local: unset AWS_ENDPOINT_URL, give another --endpoint, or name the queues with --queue and --dead-letter-queue"
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
