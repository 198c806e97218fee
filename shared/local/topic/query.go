package topic

import (
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
)

const namespace = "http://sns.amazonaws.com/doc/2010-03-31/"

// maxBatch is how many entries a PublishBatch may have.
const maxBatch = 10

// batchID is the form of a batch entry's id.
var batchID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,80}$`)

// ServeHTTP answers one call.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	fault := s.fault
	s.mu.Unlock()
	if fault != nil && fault(w, r) {
		return
	}
	requestID := newID()
	if err := r.ParseForm(); err != nil {
		refuse(w, requestID, &serviceError{"MalformedInput", "the form could not be read: " + err.Error(), http.StatusBadRequest})
		return
	}
	action := r.Form.Get("Action")
	result, err := s.call(r, action)
	if err != nil {
		refuse(w, requestID, err)
		return
	}
	result.XMLName = xml.Name{Space: namespace, Local: action + "Response"}
	result.RequestID = requestID
	reply(w, http.StatusOK, result)
}

func (s *Server) call(r *http.Request, action string) (response, error) {
	switch action {
	case "Publish":
		id, err := s.publishForm(r, r.Form.Get("TopicArn"), form{r.Form, ""})
		return response{Publish: &publishResult{id}}, err
	case "PublishBatch":
		result, err := s.publishBatch(r)
		return response{Batch: result}, err
	case "ListTopics":
		return response{Topics: s.listTopics()}, nil
	case "ListSubscriptionsByTopic":
		result, err := s.listSubscriptions(r.Form.Get("TopicArn"))
		return response{Subscriptions: result}, err
	}
	return response{}, &serviceError{"InvalidAction", fmt.Sprintf("The action %s is not valid for this web service.", action), http.StatusBadRequest}
}

// publishForm publishes what one set of parameters says.
func (s *Server) publishForm(r *http.Request, topicARN string, in form) (messageID string, err error) {
	if topicARN == "" {
		topicARN = in.get("TargetArn")
	}
	if topicARN == "" {
		return "", invalid("TopicArn or TargetArn Reason: no value for required parameter")
	}
	p, refused := in.publication(topicARN)
	if refused != nil {
		return "", refused
	}
	if refused := p.check(in.has("Subject")); refused != nil {
		return "", refused
	}
	return s.publish(r.Context(), p)
}

func (s *Server) publishBatch(r *http.Request) (*batchResult, error) {
	entries, refused := batchEntries(r.Form)
	if refused != nil {
		return nil, refused
	}
	topicARN, result := r.Form.Get("TopicArn"), &batchResult{}
	if _, ok := s.subscriptionsOf(topicARN); !ok {
		return nil, &serviceError{"NotFound", "Topic does not exist", http.StatusNotFound}
	}
	for _, entry := range entries {
		id := entry.get("Id")
		messageID, err := s.publishForm(r, topicARN, entry)
		if err != nil {
			refused := asServiceError(err)
			result.Failed = append(result.Failed, batchFailure{id, refused.code, refused.message, refused.status < http.StatusInternalServerError})
			continue
		}
		result.Successful = append(result.Successful, batchSuccess{id, messageID})
	}
	return result, nil
}

// batchEntries finds the entries of a batch, or what makes SNS refuse the whole of it.
func batchEntries(values url.Values) ([]form, *serviceError) {
	batchError := func(code, message string) *serviceError {
		return &serviceError{code, message, http.StatusBadRequest}
	}
	var entries []form
	seen, size := map[string]bool{}, 0
	for n := 1; ; n++ {
		entry := form{values, fmt.Sprintf("PublishBatchRequestEntries.member.%d.", n)}
		if !entry.has("Id") {
			break
		}
		id := entry.get("Id")
		switch {
		case len(entries) == maxBatch:
			return nil, batchError("TooManyEntriesInBatchRequest", "The batch request contains more entries than permissible (10).")
		case !batchID.MatchString(id):
			return nil, batchError("InvalidBatchEntryId", "The Id of a batch entry in a batch request doesn't abide by the specification.")
		case seen[id]:
			return nil, batchError("BatchEntryIdsNotDistinct", "Two or more batch entries in the request have the same Id.")
		}
		seen[id] = true
		if p, err := entry.publication(""); err == nil {
			size += p.size()
		}
		entries = append(entries, entry)
	}
	switch {
	case len(entries) == 0:
		return nil, batchError("EmptyBatchRequest", "The batch request doesn't contain any entries.")
	case size > maxSize:
		return nil, batchError("BatchRequestTooLong", "The length of all the batch messages put together is more than the limit.")
	}
	return entries, nil
}

// form is the parameters of a call, or those of one entry of a batch.
type form struct {
	values url.Values
	prefix string
}

func (f form) get(name string) string { return f.values.Get(f.prefix + name) }

func (f form) has(name string) bool { return f.values.Has(f.prefix + name) }

func (f form) publication(topicARN string) (Publication, *serviceError) {
	p := Publication{
		TopicARN:       topicARN,
		Subject:        f.get("Subject"),
		Message:        f.get("Message"),
		MessageGroupID: f.get("MessageGroupId"),
	}
	switch structure := f.get("MessageStructure"); structure {
	case "":
	case "json":
		text, err := forQueue(p.Message)
		if err != nil {
			return p, err
		}
		p.Message = text
	default:
		return p, invalid("Invalid MessageStructure: " + structure)
	}
	for n := 1; ; n++ {
		entry := form{f.values, fmt.Sprintf("%sMessageAttributes.entry.%d.", f.prefix, n)}
		if !entry.has("Name") {
			return p, nil
		}
		name := entry.get("Name")
		attribute := Attribute{DataType: entry.get("Value.DataType"), StringValue: entry.get("Value.StringValue")}
		if binary := entry.get("Value.BinaryValue"); binary != "" {
			value, err := base64.StdEncoding.DecodeString(binary)
			if err != nil {
				return p, attributeInvalid(name, "has a binary value that is not base64.")
			}
			attribute.BinaryValue = value
		}
		if p.Attributes == nil {
			p.Attributes = map[string]Attribute{}
		}
		p.Attributes[name] = attribute
	}
}

// asServiceError is the error answer that an error becomes.
func asServiceError(err error) *serviceError {
	if known, ok := errors.AsType[*serviceError](err); ok {
		return known
	}
	return &serviceError{"InternalError", err.Error(), http.StatusInternalServerError}
}
