package template

// Queue is an SQS queue.
type Queue struct {
	LogicalID, Name, ARN, URL string
	FIFO                      bool
	Attributes                map[string]string // as CreateQueue takes them
}

// queueAttributes are the properties that CloudFormation hands to CreateQueue under the same name.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html
var queueAttributes = map[string]bool{
	"ContentBasedDeduplication":     true,
	"DeduplicationScope":            true,
	"DelaySeconds":                  true,
	"FifoQueue":                     true,
	"FifoThroughputLimit":           true,
	"KmsDataKeyReusePeriodSeconds":  true,
	"KmsMasterKeyId":                true,
	"MaximumMessageSize":            true,
	"MessageRetentionPeriod":        true,
	"ReceiveMessageWaitTimeSeconds": true,
	"RedriveAllowPolicy":            true,
	"RedrivePolicy":                 true,
	"SqsManagedSseEnabled":          true,
	"VisibilityTimeout":             true,
	// Not attributes: names are given locally, tags change nothing.
	"QueueName": false,
	"Tags":      false,
}

func (b *builder) queue(res resource, p properties) Queue {
	name, arn := b.name(res, "Arn")
	_, url := b.name(res, "QueueUrl")
	q := Queue{
		LogicalID:  res.logicalID,
		Name:       name,
		ARN:        arn,
		URL:        url,
		FIFO:       p.boolean("FifoQueue", false),
		Attributes: map[string]string{},
	}
	if p.node == nil {
		return q
	}
	for _, m := range p.node.members {
		isAttribute, known := queueAttributes[m.name]
		switch {
		case !known:
			b.fail(m.at, "queue %s: there is no property %s", res.logicalID, m.name)
		case isAttribute && m.value.isScalar():
			q.Attributes[m.name] = m.value.text
		case isAttribute:
			q.Attributes[m.name] = p.document(m.name)
		}
	}
	return q
}

// queuePolicy gives its queues the attribute Policy.
func (b *builder) queuePolicy(p properties) {
	for _, url := range p.list("Queues") {
		found := false
		for i := range b.stack.Queues {
			if b.stack.Queues[i].URL == url.text {
				b.stack.Queues[i].Attributes["Policy"] = p.document("PolicyDocument")
				found = true
			}
		}
		if !found {
			b.fail(url, "there is no queue %s in this template", url.text)
		}
	}
}
