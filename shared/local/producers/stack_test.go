package producers_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"maps"
	"testing"

	"sespolicy/shared/local"
	"sespolicy/shared/local/response"
)

// resource is CloudFormation for one custom resource of one stack.
type resource struct {
	w          *world
	stackID    string
	physicalID string         // empty while there is none
	properties map[string]any // as deployed last
}

func newResource(w *world) *resource {
	return &resource{w: w, properties: map[string]any{}, stackID: "arn:aws:cloudformation:us-east-1:123456789012:stack/mail/" + rand.Text()}
}

// properties are a template's for MyPolicy on example.com.
func properties(policyText string) map[string]any {
	return map[string]any{"Identity": "example.com", "PolicyName": "MyPolicy", "Policy": json.RawMessage(policyText)}
}

// with is properties with one of them changed.
func with(properties map[string]any, name string, value any) map[string]any {
	changed := maps.Clone(properties)
	changed[name] = value
	return changed
}

// request is a custom resource request as CloudFormation publishes it, and the
// id that tells its answer from others.
func (r *resource) request(requestType string, properties map[string]any) (message, requestID string) {
	r.w.t.Helper()
	requestID = rand.Text()
	request := map[string]any{
		"RequestType":        requestType,
		"ServiceToken":       r.w.topicARN(),
		"ResponseURL":        response.URL(r.w.URL, local.Region, r.stackID, "SendingPolicy", requestID),
		"StackId":            r.stackID,
		"RequestId":          requestID,
		"LogicalResourceId":  "SendingPolicy",
		"ResourceType":       "Custom::SESIdentityPolicy",
		"ResourceProperties": with(properties, "ServiceToken", r.w.topicARN()),
	}
	if requestType != "Create" {
		request["PhysicalResourceId"] = r.physicalID
	}
	if requestType == "Update" {
		request["OldResourceProperties"] = with(r.properties, "ServiceToken", r.w.topicARN())
	}
	text, err := json.Marshal(request)
	if err != nil {
		r.w.t.Fatal(err)
	}
	return string(text), requestID
}

// ask publishes a request and waits for its answer, which must be one that
// CloudFormation takes.
func (r *resource) ask(requestType string, properties map[string]any) response.Answer {
	r.w.t.Helper()
	message, requestID := r.request(requestType, properties)
	r.w.publish(message)
	return r.answer(requestID)
}

func (r *resource) answer(requestID string) response.Answer {
	r.w.t.Helper()
	ctx, cancel := context.WithTimeout(r.w.t.Context(), maxWait)
	defer cancel()
	answer, err := r.w.Responses.Await(ctx, r.stackID, requestID)
	if err != nil {
		r.w.t.Fatalf("%v; so far: %+v", err, r.w.Requests())
	}
	if answer.Problem != "" || answer.LogicalResourceID != "SendingPolicy" {
		r.w.t.Errorf("CloudFormation takes no such answer: %s: %s", answer.Problem, answer.Body)
	}
	r.w.settled(requestID)
	return answer
}

// deploy creates the resource, or updates it. Where its id is another than
// before, the old one is deleted, as CloudFormation does after the update. What
// failed leaves everything to the caller's rollback.
func (r *resource) deploy(properties map[string]any) response.Answer {
	r.w.t.Helper()
	requestType := "Create"
	if r.physicalID != "" {
		requestType = "Update"
	}
	answer := r.ask(requestType, properties)
	if answer.Status != "SUCCESS" {
		return answer
	}
	old := *r
	r.physicalID, r.properties = answer.PhysicalResourceID, properties
	if old.physicalID != "" && old.physicalID != r.physicalID {
		old.expect(old.ask("Delete", old.properties), "SUCCESS", old.physicalID)
	}
	return answer
}

func (r *resource) expect(got response.Answer, status, physicalID string) {
	r.w.t.Helper()
	if got.Status != status || got.PhysicalResourceID != physicalID {
		r.w.t.Errorf("got %s %q %s, want %s %q", got.Status, got.PhysicalResourceID, got.Reason, status, physicalID)
	}
}

// expectPolicies compares what SES has on example.com.
func expectPolicies(t *testing.T, w *world, want map[string]string) {
	t.Helper()
	if got := w.policies(); !maps.Equal(got, want) {
		t.Errorf("SES has %v, want %v", got, want)
	}
}
