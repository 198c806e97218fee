package local_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/google/go-cmp/cmp"

	"sespolicy/shared/local"
	"sespolicy/shared/local/response"
)

// Each reply is seen when it is given, and stays to be looked at. Events that
// requesters send are no replies.
func TestReplies(t *testing.T) {
	var mu sync.Mutex
	var seen []local.Reply
	s := start(t, local.Config{Paused: true, Observer: local.Observer{Reply: func(r local.Reply) {
		mu.Lock()
		defer mu.Unlock()
		seen = append(seen, r)
	}}})
	token := strings.Repeat("t", 64)
	s.States.Issue(token)
	steps := sfn.NewFromConfig(s.ClientConfig())
	if _, err := steps.SendTaskFailure(t.Context(), &sfn.SendTaskFailureInput{TaskToken: &token, Error: aws.String("E"), Cause: aws.String("why")}); err != nil {
		t.Fatal(err)
	}
	put, err := http.NewRequestWithContext(t.Context(), http.MethodPut, response.URL(s.URL, local.Region, "s", "L", "r"),
		strings.NewReader(`{"Status":"SUCCESS","StackId":"s","RequestId":"r","LogicalResourceId":"L","PhysicalResourceId":"p"}`))
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(put)
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	entry := func(source string) types.PutEventsRequestEntry {
		return types.PutEventsRequestEntry{Source: aws.String(source), DetailType: aws.String("D"), Detail: aws.String(`{"messageId":"m"}`)}
	}
	if _, err := eventbridge.NewFromConfig(s.ClientConfig()).PutEvents(t.Context(), &eventbridge.PutEventsInput{
		Entries: []types.PutEventsRequestEntry{entry("a.requester"), entry("sespolicy")}}); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range s.Replies() {
		got = append(got, strings.Join([]string{r.To, r.What, r.MessageID, r.SourceID, r.Problem}, "|"))
	}
	want := []string{"Step Functions|SendTaskFailure|||", "CloudFormation|SUCCESS||r|", "EventBridge|D|m||"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(s.Replies(), seen); diff != "" {
		t.Errorf("observed otherwise: %s", diff)
	}
	if body := s.Replies()[0].Body; body != `{"cause":"why","error":"E"}` {
		t.Errorf("got %s", body)
	}
}
