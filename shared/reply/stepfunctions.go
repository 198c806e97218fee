package reply

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
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

// answerStepFunctions ends the task that waits: with the outcome as its output, or with the code as
// its error and the message as its cause.
func (r *Replier) answerStepFunctions(ctx context.Context, result Result) error {
	token := aws.String(result.Message.TaskToken)
	var err error
	if result.failed() {
		_, err = r.states().SendTaskFailure(ctx, &sfn.SendTaskFailureInput{
			TaskToken: token,
			Error:     aws.String(cut(result.Outcome.Code, maxError)),
			Cause:     aws.String(cut(result.Outcome.Message, maxCause)),
		})
	} else {
		var output []byte
		if output, err = newDetail(result).encode(maxOutput); err != nil {
			return fmt.Errorf("writing the output for Step Functions: %w", err)
		}
		_, err = r.states().SendTaskSuccess(ctx, &sfn.SendTaskSuccessInput{TaskToken: token, Output: aws.String(string(output))})
	}
	if refused, ok := errors.AsType[smithy.APIError](err); ok && tokenErrors[refused.ErrorCode()] {
		// The service's own message may repeat the token, which is a credential.
		return fmt.Errorf("answering Step Functions: %s: %w", refused.ErrorCode(), ErrNobodyWaits)
	}
	if err != nil {
		return fmt.Errorf("answering Step Functions: %w", err)
	}
	return nil
}
