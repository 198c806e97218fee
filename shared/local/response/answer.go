package response

import (
	"fmt"
	"time"

	"github.com/go-json-experiment/json"
)

// Limits of an answer, from the custom resource response reference.
const (
	maxAnswer     = 4096 // bytes of the whole answer
	maxPhysicalID = 1024 // bytes of the PhysicalResourceId
)

// Answer is one answer to a custom resource request.
type Answer struct {
	StackID            string         `json:"StackId"`
	RequestID          string         `json:"RequestId"`
	LogicalResourceID  string         `json:"LogicalResourceId"`
	PhysicalResourceID string         `json:"PhysicalResourceId"`
	Status             string         `json:"Status"`
	Reason             string         `json:"Reason"`
	NoEcho             bool           `json:"NoEcho"`
	Data               map[string]any `json:"Data"` // what Fn::GetAtt gives

	Body    string    `json:"-"` // as it was put
	Problem string    `json:"-"` // why CloudFormation would refuse it; empty if it would not
	Time    time.Time `json:"-"`
}

// read makes an Answer of a body. The key is the object's: StackId|LogicalResourceId|RequestId.
func read(key string, body []byte) Answer {
	answer := Answer{Body: string(body), Time: time.Now()}
	if err := json.Unmarshal(body, &answer); err != nil {
		answer.Problem = "Invalid response object: " + err.Error()
	} else {
		answer.Problem = answer.problem(key)
	}
	return answer
}

func (a Answer) problem(key string) string {
	switch {
	case len(a.Body) > maxAnswer:
		return fmt.Sprintf("Response object is too long: %d bytes, at most %d", len(a.Body), maxAnswer)
	case a.Status != "SUCCESS" && a.Status != "FAILED":
		return fmt.Sprintf("Invalid Response object: Value of property Status must be SUCCESS or FAILED, not %q", a.Status)
	case a.Status == "FAILED" && a.Reason == "":
		return "Invalid Response object: Reason is required when Status is FAILED"
	case a.PhysicalResourceID == "" || len(a.PhysicalResourceID) > maxPhysicalID:
		return fmt.Sprintf("Invalid PhysicalResourceId: 1 to %d bytes, not %d", maxPhysicalID, len(a.PhysicalResourceID))
	case a.StackID == "" || a.RequestID == "" || a.LogicalResourceID == "":
		return "Invalid Response object: StackId, RequestId and LogicalResourceId are required"
	case key != a.StackID+"|"+a.LogicalResourceID+"|"+a.RequestID:
		return "the answer is for another request than the URL: " + key
	}
	return ""
}
