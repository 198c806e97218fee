package template

import (
	"slices"
)

// Queue is a standard SQS queue.
type Queue struct {
	LogicalID, Name, ARN, URL string
	Attributes                map[string]string // as CreateQueue takes them
}

// queueAttributes are the properties that CloudFormation passes to CreateQueue under the same name.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html
var queueAttributes = []string{
	"DelaySeconds", "KmsDataKeyReusePeriodSeconds", "KmsMasterKeyId", "MaximumMessageSize", "MessageRetentionPeriod",
	"ReceiveMessageWaitTimeSeconds", "RedriveAllowPolicy", "RedrivePolicy", "SqsManagedSseEnabled", "VisibilityTimeout",
}

func (b *builder) queue(res resource, p properties) Queue {
	q := Queue{LogicalID: res.logicalID, Name: res.logicalID, ARN: b.attribute(res, "Arn"), URL: b.attribute(res, "QueueUrl"), Attributes: map[string]string{}}
	for _, m := range res.properties.members {
		switch {
		case m.name == "Tags": // They change nothing about how it runs.
		case !slices.Contains(queueAttributes, m.name):
			b.fail(m.at, "queue %s: property %s does not run locally, want one of %v", res.logicalID, m.name, queueAttributes)
		case m.value.isScalar():
			q.Attributes[m.name] = m.value.text
		default:
			q.Attributes[m.name] = p.document(m.name)
		}
	}
	return q
}

// queuePolicy gives its queues the attribute Policy.
func (b *builder) queuePolicy(p properties) {
	for _, url := range p.list("Queues") {
		i := slices.IndexFunc(b.stack.Queues, func(q Queue) bool { return q.URL == url.text })
		if i < 0 {
			b.fail(url, "there is no queue %s in this template", url.text)
			continue
		}
		b.stack.Queues[i].Attributes["Policy"] = p.document("PolicyDocument")
	}
}
