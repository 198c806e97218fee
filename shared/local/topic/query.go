package topic

import (
	"context"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"sespolicy/shared/local/wire"
)

var protocol = wire.Query{Namespace: "http://sns.amazonaws.com/doc/2010-03-31/"}

var topicName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,256}$`)

// nothing is the answer of actions that answer nothing.
type nothing struct{}

type messageID struct {
	ID string `xml:"MessageId"`
}

type batchSuccess struct {
	ID        string `xml:"Id"`
	MessageID string `xml:"MessageId"`
}

type batchFailure struct {
	ID            string `xml:"Id"`
	Code, Message string
	SenderFault   bool
}

type batchResult struct {
	Successful []batchSuccess `xml:"Successful>member"`
	Failed     []batchFailure `xml:"Failed>member"`
}

type topicResult struct {
	ARN string `xml:"TopicArn"`
}

type topicsResult struct {
	Members []topicResult `xml:"Topics>member"`
}

type subscriptionResult struct {
	ARN      string `xml:"SubscriptionArn"`
	Owner    string `xml:",omitempty"`
	Protocol string `xml:",omitempty"`
	Endpoint string `xml:",omitempty"`
	TopicARN string `xml:"TopicArn,omitempty"`
}

type subscriptionsResult struct {
	Members []subscriptionResult `xml:"Subscriptions>member"`
}

type attribute struct {
	Key   string `xml:"key"`
	Value string `xml:"value"`
}

type attributesResult struct {
	Entries []attribute `xml:"Attributes>entry"`
}

// ServeHTTP answers one call, and a GET of the signing certificate.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, CertificatePrefix) {
		serveCertificate(w, r)
		return
	}
	form, err := wire.ReadForm(w, r)
	wire.Serve(w, r, protocol, s.FaultOf(r), form.Get("Action"), func() (any, error) {
		if err != nil {
			return nil, err
		}
		return s.act(r.Context(), form, r.Header.Get("X-Amzn-Trace-Id"))
	})
}

func (s *Server) act(ctx context.Context, form wire.Form, trace string) (any, error) {
	arn := form.Get("TopicArn")
	switch action := form.Get("Action"); action {
	case "Publish":
		p, err := publication(form, trace)
		if err != nil {
			return nil, err
		}
		id, err := s.publishForm(ctx, form, p)
		return messageID{id}, err
	case "PublishBatch":
		return s.publishBatch(ctx, form, trace)
	case "CreateTopic":
		return s.createTopic(form)
	case "SetTopicAttributes":
		if form.Get("AttributeName") != "SignatureVersion" {
			return nil, invalid("AttributeName Reason: only SignatureVersion is served here")
		}
		return nothing{}, s.SetSignatureVersion(arn, form.Get("AttributeValue"))
	case "GetTopicAttributes":
		_, version, err := s.subscriptionsOf(arn)
		return attributesResult{[]attribute{{"TopicArn", arn}, {"Owner", s.config.Account}, {"SignatureVersion", version}}}, err
	case "Subscribe":
		return s.subscribe(form)
	case "Unsubscribe":
		s.remove("", form.Get("SubscriptionArn"))
		return nothing{}, nil
	case "DeleteTopic":
		s.remove(arn, "")
		return nothing{}, nil
	case "ListTopics":
		return s.listTopics(), nil
	case "ListSubscriptionsByTopic":
		return s.listSubscriptions(arn)
	default:
		return nil, wire.Errorf("InvalidAction", "The action %s is not valid for this web service.", action)
	}
}

func (s *Server) createTopic(form wire.Form) (any, error) {
	name := form.Get("Name")
	if !topicName.MatchString(name) {
		return nil, invalid("Topic Name")
	}
	arn := s.Create(name)
	for _, each := range form.List("Attributes.entry", "key") {
		if each.Get("key") == "SignatureVersion" {
			return topicResult{arn}, s.SetSignatureVersion(arn, each.Get("value"))
		}
	}
	return topicResult{arn}, nil
}

// subscribe adds a subscription of a queue. It needs no confirmation, as within
// one account.
func (s *Server) subscribe(form wire.Form) (any, error) {
	queueARN := form.Get("Endpoint")
	if form.Get("Protocol") != "sqs" || s.config.Queue == nil {
		return nil, invalid("Protocol Reason: only sqs is served here")
	}
	send, found := s.config.Queue(queueARN)
	if !found {
		return nil, invalid("Endpoint Reason: there is no queue " + queueARN)
	}
	raw := slices.ContainsFunc(form.List("Attributes.entry", "key"), func(each wire.Form) bool {
		return each.Get("key") == "RawMessageDelivery" && strings.EqualFold(each.Get("value"), "true")
	})
	arn, err := s.Subscribe(Subscription{TopicARN: form.Get("TopicArn"), QueueARN: queueARN, Raw: raw, Send: send})
	return subscriptionResult{ARN: arn}, err
}

// remove deletes a topic with its subscriptions, or one subscription. What is
// not there is removed already.
func (s *Server) remove(topicARN, subscriptionARN string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.topics = slices.DeleteFunc(s.topics, func(arn string) bool { return arn == topicARN })
	s.subscriptions = slices.DeleteFunc(s.subscriptions, func(one Subscription) bool {
		return one.TopicARN == topicARN || one.arn == subscriptionARN
	})
}

func (s *Server) listTopics() topicsResult {
	s.mu.Lock()
	defer s.mu.Unlock()
	var result topicsResult
	for _, arn := range s.topics {
		result.Members = append(result.Members, topicResult{arn})
	}
	return result
}

func (s *Server) listSubscriptions(topicARN string) (any, error) {
	own, _, err := s.subscriptionsOf(topicARN)
	var result subscriptionsResult
	for _, one := range own {
		result.Members = append(result.Members, subscriptionResult{one.arn, s.config.Account, "sqs", one.QueueARN, one.TopicARN})
	}
	return result, err
}

// publishForm checks what an entry says and publishes it.
func (s *Server) publishForm(ctx context.Context, entry wire.Form, p Publication) (messageID string, err error) {
	if p.TopicARN == "" {
		return "", invalid("TopicArn or TargetArn Reason: no value for required parameter")
	}
	if err := p.check(entry.Has("Subject")); err != nil {
		return "", err
	}
	return s.publish(ctx, p)
}

// publishBatch publishes each entry on its own, but refuses the whole batch if
// an attribute of one entry is invalid, as recorded from SNS.
func (s *Server) publishBatch(ctx context.Context, form wire.Form, trace string) (any, error) {
	entries := form.List("PublishBatchRequestEntries.member", "Id")
	ids := make([]string, len(entries))
	for i, entry := range entries {
		ids[i] = entry.Get("Id")
	}
	if err := wire.CheckBatch(ids, ""); err != nil {
		return nil, err
	}
	size, publications := 0, make([]Publication, len(entries))
	for i, entry := range entries {
		var err error
		if publications[i], err = publication(entry, trace); err != nil {
			return nil, err
		}
		publications[i].TopicARN = form.Get("TopicArn")
		size += publications[i].size()
	}
	if size > maxSize {
		return nil, wire.Errorf("BatchRequestTooLong", "The length of all the batch messages put together is more than the limit.")
	}
	if _, _, err := s.subscriptionsOf(form.Get("TopicArn")); err != nil {
		return nil, err
	}
	var result batchResult
	for i, id := range ids {
		messageID, err := s.publishForm(ctx, entries[i], publications[i])
		if err != nil {
			refused := wire.AsError(err)
			result.Failed = append(result.Failed, batchFailure{id, refused.Code, refused.Message, refused.Side() == "Sender"})
			continue
		}
		result.Successful = append(result.Successful, batchSuccess{id, messageID})
	}
	return result, nil
}

// publication reads the parameters of Publish, or of an entry of a batch.
func publication(f wire.Form, trace string) (p Publication, err error) {
	p = Publication{
		TopicARN: f.Get("TopicArn"), Subject: f.Get("Subject"), Message: f.Get("Message"),
		MessageGroupID: f.Get("MessageGroupId"), TraceHeader: trace,
	}
	if p.TopicARN == "" {
		p.TopicARN = f.Get("TargetArn")
	}
	if p.Attributes, err = f.Attributes("MessageAttributes.entry"); err != nil {
		return p, wire.Errorf("ParameterValueInvalid", "%s", wire.AsError(err).Message)
	}
	for name, attribute := range p.Attributes {
		if err := checkAttribute(name, attribute); err != nil {
			return p, err
		}
	}
	switch structure := f.Get("MessageStructure"); structure {
	case "":
	case "json":
		p.Message, err = forQueue(p.Message)
	default:
		err = invalid("Invalid MessageStructure: " + structure)
	}
	return p, err
}
