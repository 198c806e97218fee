package reply

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/smithy-go"
)

// Limits of SendTaskSuccess and SendTaskFailure. A failure's limits count
// characters; keeping them in bytes keeps them in characters too.
const (
	maxOutput = 262144
	maxError  = 256
	maxCause  = 32768
)

// tokenErrors are the codes for a token that no task waits with: it expired, its
// execution was stopped, it was answered before, or it never was a token.
// Everything else in the call is within its limits, so a ValidationException is
// about the token too.
var tokenErrors = map[string]bool{
	"TaskTimedOut":        true,
	"TaskDoesNotExist":    true,
	"InvalidToken":        true,
	"ValidationException": true,
}

// answerStepFunctions ends the waiting task: with the outcome as its output, or
// with the code as its error and the message as its cause.
func (r *Replier) answerStepFunctions(ctx context.Context, result Result) error {
	err := r.endTask(ctx, result)
	if refused, ok := errors.AsType[smithy.APIError](err); ok && tokenErrors[refused.ErrorCode()] {
		// The service's own message may repeat the token, which is a credential.
		return fmt.Errorf("answering Step Functions: %s: %w", refused.ErrorCode(), ErrNobodyWaits)
	}
	if err != nil {
		return fmt.Errorf("answering Step Functions: %w", err)
	}
	return nil
}

func (r *Replier) endTask(ctx context.Context, result Result) error {
	token := aws.String(result.Message.TaskToken)
	if result.failed() {
		_, err := r.tasks().SendTaskFailure(ctx, &sfn.SendTaskFailureInput{
			TaskToken: token, Error: aws.String(cut(result.Outcome.Code, maxError)), Cause: aws.String(cut(result.Outcome.Message, maxCause))})
		return err
	}
	output, err := newDetail(result).encode(maxOutput)
	if err != nil {
		return fmt.Errorf("writing the output: %w", err)
	}
	_, err = r.tasks().SendTaskSuccess(ctx, &sfn.SendTaskSuccessInput{TaskToken: token, Output: aws.String(string(output))})
	return err
}
