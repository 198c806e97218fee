package template

// Topic is an SNS topic and who listens to it.
type Topic struct {
	LogicalID, Name, ARN string
	FIFO                 bool
	Attributes           map[string]string // Policy
	Subscriptions        []Subscription
}

// Subscription is one listener of a topic.
type Subscription struct {
	Protocol, Endpoint string
	RawMessageDelivery bool
}

func (b *builder) topic(res resource, p properties) Topic {
	name, arn := b.name(res, "TopicArn")
	return Topic{
		LogicalID:  res.logicalID,
		Name:       name,
		ARN:        arn,
		FIFO:       p.boolean("FifoTopic", false),
		Attributes: map[string]string{},
	}
}

// topicPolicy gives its topics the attribute Policy.
func (b *builder) topicPolicy(p properties) {
	for _, arn := range p.list("Topics") {
		if topic := b.topicByARN(arn.text); topic != nil {
			topic.Attributes["Policy"] = p.document("PolicyDocument")
			continue
		}
		b.fail(arn, "there is no topic %s in this template", arn.text)
	}
}

func (b *builder) subscription(p properties) {
	arn := p.text("TopicArn", "")
	topic := b.topicByARN(arn)
	if topic == nil {
		b.fail(p.node, "there is no topic %s in this template", arn)
		return
	}
	if filter := p.node.member("FilterPolicy"); filter != nil {
		b.fail(filter, "a subscription's FilterPolicy is not run locally")
	}
	topic.Subscriptions = append(topic.Subscriptions, Subscription{
		Protocol:           p.text("Protocol", ""),
		Endpoint:           p.text("Endpoint", ""),
		RawMessageDelivery: p.boolean("RawMessageDelivery", false),
	})
}

func (b *builder) topicByARN(arn string) *Topic {
	for i := range b.stack.Topics {
		if b.stack.Topics[i].ARN == arn {
			return &b.stack.Topics[i]
		}
	}
	return nil
}
