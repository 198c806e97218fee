package template

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/arn"
)

// ref is what Ref gives: a parameter's value, a pseudo parameter, or the name by which AWS refers to a resource.
func (r *resolver) ref(at *node, name string) (*node, error) {
	if value, ok := r.parameters[name]; ok {
		return value, nil
	}
	pseudo := map[string]string{
		"AWS::AccountId": r.settings.Account, "AWS::Region": r.settings.Region, "AWS::StackName": r.settings.StackName, "AWS::Partition": "aws",
	}
	if value, ok := pseudo[name]; ok {
		return textNode(at, value), nil
	}
	if name == "AWS::NoValue" {
		return noValue, nil
	}
	kind, err := r.existing(at, name)
	if err != nil {
		return nil, err
	}
	switch kind {
	case queueType:
		return r.attribute(at, name, "QueueUrl")
	case topicType:
		return r.attribute(at, name, "TopicArn")
	default:
		return textNode(at, name), nil
	}
}

// attribute is what Fn::GetAtt gives.
func (r *resolver) attribute(at *node, logicalID, attribute string) (*node, error) {
	kind, err := r.existing(at, logicalID)
	if err != nil {
		return nil, err
	}
	switch kind + "." + attribute {
	case queueType + ".QueueUrl":
		return textNode(at, r.settings.BaseURL+"/"+r.settings.Account+"/"+logicalID), nil
	case queueType + ".QueueName":
		return textNode(at, logicalID), nil
	case queueType + ".Arn":
		return textNode(at, r.arn("sqs", logicalID)), nil
	case topicType + ".TopicArn":
		return textNode(at, r.arn("sns", logicalID)), nil
	case tableType + ".Arn":
		return textNode(at, r.arn("dynamodb", "table/"+logicalID)), nil
	case functionType + ".Arn":
		return textNode(at, r.arn("lambda", "function:"+logicalID)), nil
	case ruleType + ".Arn":
		path := "rule/" + logicalID
		bus, err := r.resolve(r.sections["Resources"].member(logicalID).member("Properties"))
		if err != nil {
			return nil, err
		}
		if name, _ := bus.member("EventBusName").value().(string); name != "" && name != defaultBus {
			path = "rule/" + name + "/" + logicalID
		}
		return textNode(at, r.arn("events", path)), nil
	case "AWS::Logs::LogGroup.Arn":
		return textNode(at, r.arn("logs", "log-group:"+logicalID+":*")), nil
	case "AWS::IAM::Role.Arn":
		return textNode(at, "arn:aws:iam::"+r.settings.Account+":role/"+logicalID), nil
	default:
		return nil, r.errorAt(at, "attribute %s of %s (%s) is not known locally", attribute, logicalID, kind)
	}
}

func (r *resolver) arn(service, resource string) string {
	return arn.ARN{Partition: "aws", Service: service, Region: r.settings.Region, AccountID: r.settings.Account, Resource: resource}.String()
}

// existing gives the type of a resource that exists under these settings. SAM makes the event source mapping of an event
// and calls it by the logical ids of both, such as ApplyPolicyFunctionRequests.
func (r *resolver) existing(at *node, logicalID string) (kind string, err error) {
	for _, res := range r.members("Resources") {
		kind, _ := res.value.member("Type").value().(string)
		if event, ok := strings.CutPrefix(logicalID, res.name); ok && kind == functionType && event != "" {
			if res.value.member("Properties").member("Events").member(event) != nil {
				return "AWS::Lambda::EventSourceMapping", nil
			}
		}
		if res.name != logicalID {
			continue
		}
		condition, _ := res.value.member("Condition").value().(string)
		exists, err := r.condition(condition, res.at)
		if err == nil && !exists {
			err = r.errorAt(at, "resource %s does not exist here: its condition %s is false", logicalID, condition)
		}
		return kind, err
	}
	return "", r.errorAt(at, "there is no parameter or resource %s", logicalID)
}
