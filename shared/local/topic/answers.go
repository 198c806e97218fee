package topic

import (
	"encoding/xml"
	"net/http"
)

// response is any call's answer; exactly one result is set.
type response struct {
	XMLName       xml.Name
	Publish       *publishResult       `xml:"PublishResult"`
	Batch         *batchResult         `xml:"PublishBatchResult"`
	Topics        *topicsResult        `xml:"ListTopicsResult"`
	Subscriptions *subscriptionsResult `xml:"ListSubscriptionsByTopicResult"`
	RequestID     string               `xml:"ResponseMetadata>RequestId"`
}

type publishResult struct {
	MessageID string `xml:"MessageId"`
}

type batchSuccess struct {
	ID        string `xml:"Id"`
	MessageID string `xml:"MessageId"`
}

type batchFailure struct {
	ID          string `xml:"Id"`
	Code        string
	Message     string
	SenderFault bool
}

type batchResult struct {
	Successful []batchSuccess `xml:"Successful>member"`
	Failed     []batchFailure `xml:"Failed>member"`
}

type topicMember struct {
	ARN string `xml:"TopicArn"`
}

type topicsResult struct {
	Members []topicMember `xml:"Topics>member"`
}

type subscription struct {
	SubscriptionARN string `xml:"SubscriptionArn"`
	Owner           string
	Protocol        string
	Endpoint        string
	TopicARN        string `xml:"TopicArn"`
}

type subscriptionsResult struct {
	Members []subscription `xml:"Subscriptions>member"`
}

func (s *Server) listTopics() *topicsResult {
	s.mu.Lock()
	defer s.mu.Unlock()
	result := &topicsResult{}
	for _, arn := range s.topics {
		result.Members = append(result.Members, topicMember{arn})
	}
	return result
}

func (s *Server) listSubscriptions(topicARN string) (*subscriptionsResult, error) {
	own, ok := s.subscriptionsOf(topicARN)
	if !ok {
		return nil, &serviceError{"NotFound", "Topic does not exist", http.StatusNotFound}
	}
	result := &subscriptionsResult{}
	for _, one := range own {
		result.Members = append(result.Members, subscription{one.arn, s.config.Account, "sqs", one.QueueARN, one.TopicARN})
	}
	return result, nil
}

func refuse(w http.ResponseWriter, requestID string, err error) {
	refused := asServiceError(err)
	kind := "Sender"
	if refused.status >= http.StatusInternalServerError {
		kind = "Receiver"
	}
	reply(w, refused.status, struct {
		XMLName   xml.Name `xml:"http://sns.amazonaws.com/doc/2010-03-31/ ErrorResponse"`
		Type      string   `xml:"Error>Type"`
		Code      string   `xml:"Error>Code"`
		Message   string   `xml:"Error>Message"`
		RequestID string   `xml:"RequestId"`
	}{Type: kind, Code: refused.code, Message: refused.message, RequestID: requestID})
}

func reply(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "text/xml")
	w.WriteHeader(status)
	_ = xml.NewEncoder(w).Encode(body) // the client is gone: nobody to tell
}
