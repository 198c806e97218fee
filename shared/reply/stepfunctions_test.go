package reply

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/google/go-cmp/cmp"

	"sespolicy/shared/finding"
	"sespolicy/shared/identity"
	"sespolicy/shared/local/states"
	"sespolicy/shared/local/wire"
	"sespolicy/shared/message"
	"sespolicy/shared/outcome"
)

// wired is a configuration whose SDK clients call the handler.
func wired(handler http.Handler) aws.Config {
	return aws.Config{
		Region:       "us-east-1",
		Credentials:  credentials.NewStaticCredentialsProvider("id", "secret", ""),
		BaseEndpoint: aws.String("http://127.0.0.1:4566"),
		HTTPClient:   wire.Client{Handler: handler},
	}
}

// waiting is a request of a task that waits.
func waiting(token string) message.Message {
	return message.Message{
		Record: events.SQSMessage{MessageId: "message-1"}, Origin: "SQS", Sent: time.Now().Add(-1500 * time.Millisecond), Receives: 2,
		Request: message.Request{Action: message.Delete, Identity: identity.Identity{Name: "example.com"}, PolicyName: "MyPolicy"}, TaskToken: token,
	}
}

func TestTaskGetsTheOutcome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := states.New()
		server.Issue("token-1", "token-2")
		replier := New(wired(server), "")
		warning := finding.Finding{Path: "/Policy", Rule: "version", Message: "old", Line: 1, Column: 2}
		if err := replier.Answer(t.Context(), ended(waiting("token-1"), applied, []finding.Finding{warning}...)); err != nil {
			t.Fatal(err)
		}
		if err := replier.Answer(t.Context(), ended(waiting("token-2"), rejected)); err != nil {
			t.Fatal(err)
		}
		want := []states.Answer{
			{Token: "token-1", Success: true, Time: time.Now(), Output: `{"messageId":"message-1","source":"SQS","action":"DeleteIdentityPolicy",` +
				`"identity":"example.com","policyName":"MyPolicy","outcome":"Deleted",` +
				`"warnings":[{"path":"/Policy","rule":"version","message":"old","line":1,"column":2}],"receiveCount":2,"queuedMs":1500}`},
			{Token: "token-2", Error: "InvalidPolicy", Cause: "no Statement", Time: time.Now()},
		}
		if diff := cmp.Diff(want, server.Answers()); diff != "" {
			t.Error(diff)
		}
	})
}

func TestSupersededIsNoFailure(t *testing.T) {
	server := states.New()
	server.Issue("token")
	if err := New(wired(server), "").Answer(t.Context(), ended(waiting("token"), outcome.Outcome{Kind: outcome.Superseded})); err != nil {
		t.Fatal(err)
	}
	if got := server.Answers(); len(got) != 1 || !got[0].Success || !strings.Contains(got[0].Output, `"outcome":"Superseded"`) {
		t.Errorf("got %+v", got)
	}
}

func TestTokensThatNobodyWaitsWith(t *testing.T) {
	for code, final := range map[string]bool{
		"TaskTimedOut": true, "InvalidToken": true, "TaskDoesNotExist": true, "ValidationException": true,
		"AccessDeniedException": false, "KmsAccessDeniedException": false, "UnrecognizedClientException": false,
	} {
		server := states.New()
		server.SetFault(func(states.Answer) wire.Fault { return wire.Fault{Code: code} })
		replier := New(wired(server), "")
		for _, o := range []outcome.Outcome{applied, rejected} {
			err := replier.Answer(t.Context(), ended(waiting("token"), o))
			if err == nil || errors.Is(err, ErrNobodyWaits) != final {
				t.Errorf("%s: got %v", code, err)
			}
		}
	}
	server := states.New()
	server.SetFault(func(states.Answer) wire.Fault {
		return wire.Fault{Code: "InvalidToken", Message: "Invalid Token: 'tttttttt'"}
	})
	err := New(wired(server), "").Answer(t.Context(), ended(waiting(strings.Repeat("t", 3000)), applied))
	if !errors.Is(err, ErrNobodyWaits) || strings.Contains(err.Error(), "tttt") {
		t.Errorf("a token that is none: got %v", err)
	}
}

func TestStepFunctionsThatIsDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for name, fault := range map[string]wire.Fault{
			"an error":  {Status: 500},
			"no answer": {Hang: true},
		} {
			server := states.New()
			server.SetFault(func(states.Answer) wire.Fault { return fault })
			start := time.Now()
			err := New(wired(server), "").Answer(t.Context(), ended(waiting("token"), applied))
			if err == nil || errors.Is(err, ErrNobodyWaits) || time.Since(start) > answerTimeout {
				t.Errorf("%s: got %v after %v", name, err, time.Since(start))
			}
		}
	})
}

func TestLongReasonsAndManyFindingsFit(t *testing.T) {
	server := states.New()
	server.Issue("failure", "success")
	replier := New(wired(server), "")
	long := outcome.Outcome{Kind: outcome.Rejected, Code: strings.Repeat("é", 300), Message: strings.Repeat("é", 40_000)}
	if err := replier.Answer(t.Context(), ended(waiting("failure"), long)); err != nil {
		t.Error(err)
	}
	warnings := make([]finding.Finding, 10_000)
	for i := range warnings {
		warnings[i] = finding.Finding{Path: "/Policy", Rule: "rule", Message: "message"}
	}
	if err := replier.Answer(t.Context(), ended(waiting("success"), applied, warnings...)); err != nil {
		t.Error(err)
	}
	var got Detail
	if err := json.Unmarshal([]byte(server.Answers()[1].Output), &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Warnings) == 0 || len(got.Warnings)+got.Omitted != len(warnings) {
		t.Errorf("%d warnings, %d omitted", len(got.Warnings), got.Omitted)
	}
}
