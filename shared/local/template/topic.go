package template

// Topic is an SNS topic and its subscriptions.
type Topic struct {
	LogicalID, Name, ARN string
	Policy               string // JSON
	SignatureVersion     string // "1" (SHA1) or "2" (SHA256)
	Subscriptions        []Subscription
}

// Subscription is one subscription of a topic.
type Subscription struct {
	Protocol, Endpoint string
	RawMessageDelivery bool
}

func (b *builder) topic(res resource, p properties) Topic {
	version := p.text("SignatureVersion")
	if version == "" {
		version = "1" // SNS's default
	}
	return Topic{LogicalID: res.logicalID, Name: res.logicalID, ARN: b.attribute(res, "TopicArn"), SignatureVersion: version}
}

func (b *builder) topicPolicy(p properties) {
	for _, arn := range p.list("Topics") {
		if topic := b.topicByARN(arn, arn.text); topic != nil {
			topic.Policy = p.document("PolicyDocument")
		}
	}
}

func (b *builder) subscription(p properties) {
	topic := b.topicByARN(p.node, p.text("TopicArn"))
	if topic == nil {
		return
	}
	if filter := p.node.member("FilterPolicy"); filter != nil {
		b.fail(filter, "a subscription's FilterPolicy does not run locally")
	}
	topic.Subscriptions = append(topic.Subscriptions, Subscription{
		Protocol:           p.text("Protocol"),
		Endpoint:           p.text("Endpoint"),
		RawMessageDelivery: p.boolean("RawMessageDelivery", false),
	})
}

// topicByARN finds a topic of the template. If there is none it reports that.
func (b *builder) topicByARN(at *node, arn string) *Topic {
	for i := range b.stack.Topics {
		if b.stack.Topics[i].ARN == arn {
			return &b.stack.Topics[i]
		}
	}
	b.fail(at, "there is no topic %s in this template", arn)
	return nil
}
