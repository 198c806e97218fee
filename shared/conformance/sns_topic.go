package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// makeTopic makes a topic, which is removed at the end with its subscriptions.
func (w *world) makeTopic(ctx context.Context, name, signatureVersion string) (arn string, err error) {
	name = w.prefix + name
	arn = fmt.Sprintf("arn:%s:sns:%s:%s:%s", w.owner.Partition, w.owner.Region, w.owner.Account, name)
	w.cleanup.add("topic "+name, func(ctx context.Context) error {
		_, err := w.topics.DeleteTopic(ctx, &sns.DeleteTopicInput{TopicArn: &arn})
		return err
	})
	_, err = w.topics.CreateTopic(ctx, &sns.CreateTopicInput{Name: &name, Attributes: map[string]string{"SignatureVersion": signatureVersion}})
	return arn, err
}

// subscribed makes a topic and a queue that gets what is published to it.
func (w *world) subscribed(ctx context.Context, name, signatureVersion string, raw bool) (topic string, q madeQueue, err error) {
	if topic, err = w.makeTopic(ctx, name, signatureVersion); err != nil {
		return topic, q, err
	}
	if q, err = w.makeQueue(ctx, "sns-"+name, nil); err != nil {
		return topic, q, err
	}
	policy := fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"sns.amazonaws.com"},`+
		`"Action":"sqs:SendMessage","Resource":%q,"Condition":{"ArnEquals":{"aws:SourceArn":%q}}}]}`, q.arn, topic)
	if _, err = w.queues.SetQueueAttributes(ctx, &sqs.SetQueueAttributesInput{QueueUrl: &q.url, Attributes: map[string]string{"Policy": policy}}); err != nil {
		return topic, q, err
	}
	_, err = w.topics.Subscribe(ctx, &sns.SubscribeInput{
		TopicArn: &topic, Protocol: aws.String("sqs"), Endpoint: &q.arn, Attributes: map[string]string{"RawMessageDelivery": fmt.Sprint(raw)},
	})
	if err == nil && w.kind == onAccount { // the queue's policy takes a moment
		err = w.pause(ctx, 5*time.Second)
	}
	return topic, q, err
}

// publishedTo publishes to a new topic and returns the message on its queue.
func (w *world) publishedTo(ctx context.Context, name string, in *sns.PublishInput, options ...func(*sns.Options)) (types.Message, error) {
	topic, q, err := w.subscribed(ctx, name, "1", false)
	if err != nil {
		return types.Message{}, err
	}
	in.TopicArn = &topic
	if _, err := w.topics.Publish(ctx, in, options...); err != nil {
		return types.Message{}, err
	}
	return w.one(ctx, q, 10*time.Second)
}

// notified publishes to a new topic and returns the notification on its queue,
// and the id that Publish answered.
func (w *world) notified(ctx context.Context, name, signatureVersion string, in *sns.PublishInput) (notification map[string]any, id string, err error) {
	topic, q, err := w.subscribed(ctx, name, signatureVersion, false)
	if err != nil {
		return nil, "", err
	}
	in.TopicArn = &topic
	out, err := w.topics.Publish(ctx, in)
	if err != nil {
		return nil, "", err
	}
	m, err := w.one(ctx, q, 10*time.Second)
	if err != nil {
		return nil, "", err
	}
	if json.Unmarshal([]byte(aws.ToString(m.Body)), &notification) != nil {
		return nil, "", differs("a JSON object", "%.100q", aws.ToString(m.Body))
	}
	return notification, aws.ToString(out.MessageId), nil
}
