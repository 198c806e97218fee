package reply

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/smithy-go"
)

// Limits of SendTaskSuccess and SendTaskFailure. Those of a failure are in characters; in bytes
// they are kept just as well.
const (
	maxOutput = 262144
	maxError  = 256
	maxCause  = 32768
)

// tokenErrors are the codes that say nobody waits with this token: it has expired, its execution
// was stopped, it was answered before, or it never was one. All else that is sent is within its
// limits, so a ValidationException is about the token too.
var tokenErrors = map[string]bool{
	"TaskTimedOut":        true,
	"TaskDoesNotExist":    true,
	"InvalidToken":        true,
	"ValidationException": true,
}

// taskSuccess and taskFailure are the requests of SendTaskSuccess and SendTaskFailure.
type taskSuccess struct {
	Output    string `json:"output"`
	TaskToken string `json:"taskToken"`
}

type taskFailure struct {
	Cause     string `json:"cause"`
	Error     string `json:"error"`
	TaskToken string `json:"taskToken"`
}

// answerStepFunctions ends the task that waits: with the outcome as its output, or with the code as
// its error and the message as its cause.
func (r *Replier) answerStepFunctions(ctx context.Context, result Result) error {
	token := result.Message.TaskToken
	operation, in := "SendTaskFailure", any(taskFailure{TaskToken: token, Error: cut(result.Outcome.Code, maxError), Cause: cut(result.Outcome.Message, maxCause)})
	if !result.failed() {
		output, err := newDetail(result).encode(maxOutput)
		if err != nil {
			return fmt.Errorf("writing the output for Step Functions: %w", err)
		}
		operation, in = "SendTaskSuccess", taskSuccess{TaskToken: token, Output: string(output)}
	}
	err := r.caller().call(ctx, stepFunctions, operation, in, &struct{}{})
	if refused, ok := errors.AsType[smithy.APIError](err); ok && tokenErrors[refused.ErrorCode()] {
		// The service's own message may repeat the token, which is a credential.
		return fmt.Errorf("answering Step Functions: %s: %w", refused.ErrorCode(), ErrNobodyWaits)
	}
	if err != nil {
		return fmt.Errorf("answering Step Functions: %w", err)
	}
	return nil
}
