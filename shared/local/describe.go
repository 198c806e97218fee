package local

import (
	"net/http"

	"sespolicy/shared/guardrail"
	"sespolicy/shared/local/wire"
)

const (
	// StackName is the name of the one CloudFormation stack that is here.
	StackName = "sespolicy"
	// stackVersion is the API version of CloudFormation.
	stackVersion = "2010-05-15"
)

type output struct{ OutputKey, OutputValue string }

type parameter struct{ ParameterKey, ParameterValue string }

// described is the answer to DescribeStacks.
type described struct {
	Stacks []describedStack `xml:"Stacks>member"`
}

type describedStack struct {
	StackName, StackStatus string
	Outputs                []output    `xml:"Outputs>member"`
	Parameters             []parameter `xml:"Parameters>member"`
}

// serveStacks answers DescribeStacks, as far as the command reads it: the
// template's outputs, and the parameters that are guardrails, with the values
// that the function has.
//
// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStacks.html
func (s *Stack) serveStacks(w http.ResponseWriter, r *http.Request) {
	action := r.Form.Get("Action")
	wire.Serve(w, r, wire.Query{Namespace: "http://cloudformation.amazonaws.com/doc/" + stackVersion + "/"}, wire.Fault{}, action, func() (any, error) {
		name := r.Form.Get("StackName")
		switch {
		case action != "DescribeStacks":
			return nil, wire.Errorf("InvalidAction", "%s is not served: of CloudFormation, sespolicy local serves DescribeStacks only", action)
		case name != "" && name != StackName:
			return nil, wire.Errorf("ValidationError", "Stack with id %s does not exist", name)
		}
		stack := describedStack{StackName: StackName, StackStatus: "CREATE_COMPLETE"}
		for key, value := range s.Resources.Outputs {
			stack.Outputs = append(stack.Outputs, output{key, value})
		}
		for _, setting := range guardrail.Settings() {
			stack.Parameters = append(stack.Parameters, parameter{setting.Parameter(), s.Variable(setting.Variable)})
		}
		return described{[]describedStack{stack}}, nil
	})
}
