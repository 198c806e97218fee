package template

import (
	"strings"
)

// ref is what Ref gives: a parameter's value, a pseudo parameter, or the name by which AWS refers to a resource.
func (r *resolver) ref(at *node, name string) (*node, error) {
	if value, ok := r.parameters[name]; ok {
		return value, nil
	}
	if strings.HasPrefix(name, "AWS::") {
		return r.pseudo(at, name)
	}
	res, err := r.existing(at, name)
	if err != nil {
		return nil, err
	}
	switch res.kind {
	case queueType:
		return r.attribute(at, name, "QueueUrl")
	case topicType:
		return r.attribute(at, name, "TopicArn")
	default:
		return textNode(at, name), nil
	}
}

func (r *resolver) pseudo(at *node, name string) (*node, error) {
	switch name {
	case "AWS::NoValue":
		return noValue, nil
	case "AWS::AccountId":
		return textNode(at, r.settings.Account), nil
	case "AWS::Region":
		return textNode(at, r.settings.Region), nil
	case "AWS::StackName":
		return textNode(at, r.settings.StackName), nil
	case "AWS::StackId":
		return textNode(at, r.arn("cloudformation", "stack/"+r.settings.StackName+"/local")), nil
	case "AWS::Partition":
		return textNode(at, r.partition()), nil
	case "AWS::URLSuffix":
		if r.partition() == "aws-cn" {
			return textNode(at, "amazonaws.com.cn"), nil
		}
		return textNode(at, "amazonaws.com"), nil
	default:
		return nil, r.errorAt(at, "pseudo parameter %s is not known locally", name)
	}
}

// partition follows from the Region, as AWS names them.
func (r *resolver) partition() string {
	switch {
	case strings.HasPrefix(r.settings.Region, "cn-"):
		return "aws-cn"
	case strings.HasPrefix(r.settings.Region, "us-gov-"):
		return "aws-us-gov"
	default:
		return "aws"
	}
}

func (r *resolver) arn(service, resource string) string {
	return strings.Join([]string{"arn", r.partition(), service, r.settings.Region, r.settings.Account, resource}, ":")
}

func (r *resolver) getAtt(argument *node) (*node, error) {
	if argument.kind != list || len(argument.items) != 2 || argument.items[0].kind != text || argument.items[1].kind != text {
		return nil, r.errorAt(argument, "Fn::GetAtt takes a logical id and an attribute")
	}
	return r.attribute(argument.items[0], argument.items[0].text, argument.items[1].text)
}

// attribute is what Fn::GetAtt gives.
func (r *resolver) attribute(at *node, logicalID, attribute string) (*node, error) {
	res, err := r.existing(at, logicalID)
	if err != nil {
		return nil, err
	}
	name, err := r.physicalName(res)
	if err != nil {
		return nil, err
	}
	switch res.kind + "." + attribute {
	case queueType + ".QueueUrl":
		return textNode(at, r.settings.BaseURL+"/"+r.settings.Account+"/"+name), nil
	case queueType + ".QueueName", topicType + ".TopicName":
		return textNode(at, name), nil
	case queueType + ".Arn":
		return textNode(at, r.arn("sqs", name)), nil
	case topicType + ".TopicArn":
		return textNode(at, r.arn("sns", name)), nil
	case functionType + ".Arn":
		return textNode(at, r.arn("lambda", "function:"+name)), nil
	case "AWS::Logs::LogGroup.Arn":
		return textNode(at, r.arn("logs", "log-group:"+name+":*")), nil
	case "AWS::IAM::Role.Arn":
		return textNode(at, "arn:"+r.partition()+":iam::"+r.settings.Account+":role/"+name), nil
	default:
		return nil, r.errorAt(at, "attribute %s of %s (%s) is not known locally", attribute, logicalID, res.kind)
	}
}

// existing finds a resource that exists under these settings.
func (r *resolver) existing(at *node, logicalID string) (resource, error) {
	res, ok := r.template.resource(logicalID)
	if !ok {
		return resource{}, r.errorAt(at, "there is no parameter or resource %s", logicalID)
	}
	exists, err := r.active(res.condition, res.at)
	if err != nil {
		return resource{}, err
	}
	if !exists {
		return resource{}, r.errorAt(at, "resource %s does not exist here: its condition %s is false", logicalID, res.condition)
	}
	return res, nil
}

// physicalName is the logical id, with the ending that SQS and SNS demand of what is FIFO.
func (r *resolver) physicalName(res resource) (string, error) {
	property := ""
	switch res.kind {
	case queueType:
		property = "FifoQueue"
	case topicType:
		property = "FifoTopic"
	}
	value := res.properties.member(property)
	if value == nil {
		return res.logicalID, nil
	}
	resolved, err := r.resolve(value)
	if err != nil {
		return "", err
	}
	if resolved.text == "true" {
		return res.logicalID + ".fifo", nil
	}
	return res.logicalID, nil
}
