package check

import (
	"sespolicy/shared/finding"
	"sespolicy/shared/message"
)

// RuleTaskToken is the rule of a request with a TaskToken in a deployment that
// does not answer Step Functions.
const RuleTaskToken = "task-token"

// Answers says where a deployment may send answers.
type Answers struct {
	// Region is the deployment's: response URLs must be in it, for a stack sends
	// to a topic of its own Region. If it is empty, those of all Regions pass.
	Region string
	// S3Endpoint is where all response buckets are instead (AWS_ENDPOINT_URL_S3);
	// empty on AWS.
	S3Endpoint string
	// StepFunctions says that tasks are answered.
	StepFunctions bool
}

// check says who is told how the request ends, and what is wrong with it. A
// request whose requester could not be told must have no effect.
func (a Answers) check(m message.Message, s *message.Source) (answerTo string, wrong []finding.Finding) {
	switch {
	case m.CloudFormation != nil:
		at := m.CloudFormation.ResponseURL
		if at == nil { // refused when the message was opened
			return "", nil
		}
		if err := a.permits(at); err != nil {
			return "", []finding.Finding{s.ResponseURL.Finding(message.RuleResponseURL, err.Error())}
		}
		return message.Stack, nil
	case m.TaskToken == "":
		return "", nil
	case !a.StepFunctions:
		return "", []finding.Finding{s.TaskToken.Fault(RuleTaskToken, "got a TaskToken, expected none: this deployment does not answer Step Functions").
			Help("send the request without a TaskToken, or ask its owner to set ANSWER_STEP_FUNCTIONS=true").Finding()}
	}
	return message.Task, nil
}
