package template

import (
	"os"
	"strings"

	"go.yaml.in/yaml/v4"

	"sespolicy/shared/local/wire"
)

// attributes are what Ref (a type alone) and Fn::GetAtt give. The Ref of any other resource is its logical id.
var attributes = map[string]string{
	"AWS::SQS::Queue":               "$URL/$ACCOUNT/$ID",
	"AWS::SQS::Queue.QueueUrl":      "$URL/$ACCOUNT/$ID",
	"AWS::SQS::Queue.QueueName":     "$ID",
	"AWS::SQS::Queue.Arn":           "arn:aws:sqs:$REGION:$ACCOUNT:$ID",
	"AWS::SNS::Topic":               "arn:aws:sns:$REGION:$ACCOUNT:$ID",
	"AWS::SNS::Topic.TopicArn":      "arn:aws:sns:$REGION:$ACCOUNT:$ID",
	"AWS::DynamoDB::Table.Arn":      "arn:aws:dynamodb:$REGION:$ACCOUNT:table/$ID",
	"AWS::Serverless::Function.Arn": "arn:aws:lambda:$REGION:$ACCOUNT:function:$ID",
	"AWS::Events::Rule.Arn":         "arn:aws:events:$REGION:$ACCOUNT:rule/$BUS$ID",
	"AWS::Logs::LogGroup.Arn":       "arn:aws:logs:$REGION:$ACCOUNT:log-group:$ID:*",
	"AWS::IAM::Role.Arn":            "arn:aws:iam::$ACCOUNT:role/$ID",
}

// ref is what Ref gives: a parameter's value, a pseudo parameter, or the name by which AWS refers to a resource.
func (r *resolver) ref(at *yaml.Node, name string) (*yaml.Node, error) {
	if value, ok := r.parameters[name]; ok {
		return value, nil
	}
	pseudo := map[string]string{"AWS::AccountId": wire.Account, "AWS::Region": wire.Region, "AWS::StackName": "sespolicy", "AWS::Partition": "aws"}
	if value, ok := pseudo[name]; ok {
		return newText(at, value), nil
	}
	if name == "AWS::NoValue" {
		return nil, nil
	}
	return r.attribute(at, name, "")
}

// getAtt is Fn::GetAtt of a text or a list.
func (r *resolver) getAtt(at, argument *yaml.Node) (*yaml.Node, error) {
	id, attribute, _ := strings.Cut(argument.Value, ".")
	if len(argument.Content) == 2 {
		id, attribute = argument.Content[0].Value, argument.Content[1].Value
	}
	return r.attribute(at, id, attribute)
}

// attribute is a resource's attribute, or what its Ref gives if the attribute is "".
func (r *resolver) attribute(at *yaml.Node, id, attribute string) (*yaml.Node, error) {
	kind, ok := r.types[id]
	if !ok {
		return nil, r.errorAt(at, "there is no parameter or resource %s, or its condition is false", id)
	}
	key := strings.TrimSuffix(kind+"."+attribute, ".")
	pattern, ok := attributes[key]
	switch {
	case !ok && attribute == "":
		pattern = "$ID"
	case !ok:
		return nil, r.errorAt(at, "attribute %s of %s (%s) is not known locally", attribute, id, kind)
	}
	variables := map[string]string{"ID": id, "ACCOUNT": wire.Account, "REGION": wire.Region, "URL": r.settings.BaseURL}
	if key == "AWS::Events::Rule.Arn" {
		bus, err := r.resolve(member(r.sections["Resources"], id, "Properties"))
		if err != nil {
			return nil, err
		}
		if name := text(bus, "EventBusName"); name != "" && name != defaultBus {
			variables["BUS"] = name + "/"
		}
	}
	return newText(at, os.Expand(pattern, func(name string) string { return variables[name] })), nil
}
