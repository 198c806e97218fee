package producers_test

import (
	"encoding/json"
	"strings"
	"testing"

	"sespolicy/shared/local"
	"sespolicy/shared/local/states"
	"sespolicy/shared/local/wire"
)

// waiting is a request that a Step Functions task sends and waits for.
func waiting(token, policy string) string {
	return `{"TaskToken":"` + token + `",` + bare("MyPolicy", policy)[1:]
}

func TestStepFunctions(t *testing.T) {
	w := start(t, local.Config{})
	succeeds, fails, expired := strings.Repeat("good", 100), strings.Repeat("poor", 100), strings.Repeat("late", 100)
	w.States.SetFault(func(answer states.Answer) wire.Fault {
		if answer.Token == expired {
			return wire.Fault{Code: "TaskTimedOut"}
		}
		return wire.Fault{}
	})
	applied := w.sendAndAwait(waiting(succeeds, policy("One")))
	w.sendAndAwait(waiting(fails, publicPolicy()))
	answers := w.States.Answers()
	if len(answers) != 2 {
		t.Fatalf("answers: %+v", answers)
	}
	var output struct{ MessageID, Action, Identity, PolicyName, Outcome string }
	if err := json.Unmarshal([]byte(answers[0].Output), &output); err != nil {
		t.Fatal(err)
	}
	want := output
	want.MessageID, want.Action, want.Identity, want.PolicyName, want.Outcome = applied.MessageID, "PutIdentityPolicy", "example.com", "MyPolicy", "Applied"
	if !answers[0].Success || answers[0].Token != succeeds || output != want {
		t.Errorf("success: %+v", answers[0])
	}
	if answers[1].Success || answers[1].Token != fails || answers[1].Error != "GuardrailViolation" || !strings.Contains(answers[1].Cause, "Principal") {
		t.Errorf("failure: %+v", answers[1])
	}

	// Nobody waits any more: that is logged, and changes nothing about the request.
	if got := w.sendAndAwait(waiting(expired, policy("Late"))); got.Outcome != "Applied" || got.ReceiveCount != 1 {
		t.Errorf("with an expired token: %+v", got)
	}
	expectPolicies(t, w, map[string]string{"MyPolicy": policy("Late")})
	if got := w.sendAndAwait(waiting(expired, publicPolicy())); got.Outcome != "Rejected" || got.ReceiveCount != 1 {
		t.Errorf("refused, with an expired token: %+v", got)
	}
	if letters := w.letters(); len(letters) != 2 {
		t.Errorf("dead letters: %v", letters)
	}
	told := w.told()
	if !strings.Contains(told, "TaskTimedOut") {
		t.Error("the expired token is not in the log")
	}
	for _, token := range []string{succeeds, fails, expired} {
		if strings.Contains(told, token) {
			t.Error("a token was told: it is a credential")
		}
	}
}

// While Step Functions is down the answer waits, and is given once it is back.
func TestStepFunctionsDown(t *testing.T) {
	w := start(t, local.Config{})
	w.States.SetFault(func(states.Answer) wire.Fault { return wire.Fault{Status: 503} })
	token := strings.Repeat("wait", 100)
	id := w.send(waiting(token, policy("One")))
	failed := w.handedBack(token)
	if got := w.request(id); got.Outcome != "Retry" || got.Code != "ReplyFailed" {
		t.Errorf("while Step Functions is down: %+v", got)
	}
	w.States.SetFault(nil)
	if err := w.Source().ChangeVisibility(t.Context(), failed.ReceiptHandle, 0); err != nil {
		t.Fatal(err)
	}
	w.await(id)
	if answers := w.States.Answers(); len(answers) != 1 || !answers[0].Success {
		t.Errorf("answers: %+v", answers)
	}
}
