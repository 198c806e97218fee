package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"

	"github.com/aws/smithy-go"
	"github.com/spf13/cobra"
)

// explained runs a command and says of its errors what to do about them.
func explained(do func(*cobra.Command, []string) error) func(*cobra.Command, []string) error {
	return func(command *cobra.Command, arguments []string) error { return explain(do(command, arguments)) }
}

// explain adds to an error of AWS what to do about it, once.
func explain(err error) error {
	if _, done := errors.AsType[*explanation](err); err == nil || done {
		return err
	}
	advice := ""
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		advice = advise(err, api.ErrorCode())
	}
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		advice = "nothing listens there: start sespolicy local, or give its --endpoint"
	case errors.Is(err, context.Canceled):
		advice = "interrupted"
	}
	if advice == "" {
		return err
	}
	return &explanation{advice, err}
}

// advise says what to do about an error code of AWS; empty where it says enough itself.
func advise(err error, code string) string {
	operation, ok := errors.AsType[*smithy.OperationError](err)
	if !ok {
		return ""
	}
	switch code {
	case "AccessDenied", "AccessDeniedException", "UnauthorizedOperation":
		return "your credentials need the permission " + permission(operation)
	case "KmsAccessDenied", "KMS.AccessDeniedException":
		return "your credentials need kms:Decrypt and kms:GenerateDataKey on the queue's key"
	case "ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "UnrecognizedClientException", "InvalidToken":
		return "your AWS credentials are expired or wrong: log in again, or set AWS_PROFILE"
	case "QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue":
		return "there is no such queue in this account and Region"
	case "ValidationError":
		if operation.OperationName == "DescribeStacks" {
			return "there is no such stack in this account and Region: see aws cloudformation list-stacks, or set AWS_REGION and AWS_PROFILE"
		}
	case "UnknownOperationException", "InvalidAction":
		if operation.OperationName == "DescribeStacks" {
			return "what answers there has no stacks: for sespolicy local give --local, for AWS unset AWS_ENDPOINT_URL"
		}
		return "this SQS knows no " + operation.OperationName + ": name the letters by a filter or their ids, then they are put back one by one"
	}
	return ""
}

// permission is the IAM action of an operation: a batch needs that of the single call.
func permission(operation *smithy.OperationError) string {
	return fmt.Sprintf("%s:%s", strings.ToLower(operation.ServiceID), strings.TrimSuffix(operation.OperationName, "Batch"))
}

// explanation is an error and what to do about it.
type explanation struct {
	advice string
	err    error
}

func (e *explanation) Error() string { return e.advice + " (" + e.err.Error() + ")" }
func (e *explanation) Unwrap() error { return e.err }
