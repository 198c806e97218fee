package main

import (
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/spf13/cobra"

	"sespolicy/shared/check"
)

// registerTopic adds the flag of the topic by whose name ${topic} is expanded.
func registerTopic(command *cobra.Command, name *string, usage string) {
	command.Flags().StringVar(name, "topic", "", usage+", which ${topic} in the guardrails stands for")
}

// topicName is the topic that requests are published to, by its name, if it is
// one of the deployment's account and Region; empty if they go to the queue.
func (f *found) topicName() string {
	a, err := arn.Parse(f.TopicARN)
	if f.QueueURL != "" || err != nil || f.Account != "" && (a.AccountID != f.Account || a.Region != f.Region) {
		return ""
	}
	return a.Resource
}

// publishTo makes the topic with that name the destination, in the deployment's
// account and Region. A request that is sent to the queue comes through no topic.
func (f *found) publishTo(name string, at target) error {
	switch {
	case name == "":
		return nil
	case at.queue != "":
		return errors.New("got --queue and --topic, one of them was expected: a request that is sent to the queue comes through no topic")
	case at.topic != "" && name != f.topicName():
		return fmt.Errorf("got --topic %s and --topic-arn %s, the same topic was expected", name, at.topic)
	case at.topic != "":
		return nil
	case f.Account == "":
		return withHint(fmt.Errorf("the account and Region of the topic %s are not known", name), "give --topic-arn ARN in place of --topic")
	}
	f.TopicARN = arn.ARN{Partition: check.Partition(f.Region), Service: "sns", Region: f.Region, AccountID: f.Account, Resource: name}.String()
	f.QueueURL = ""
	return nil
}
