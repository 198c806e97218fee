package apply_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"sespolicy/shared/apply"
	"sespolicy/shared/identity"
	"sespolicy/shared/message"
	"sespolicy/shared/outcome"
)

// wire plays SES under the real client: each attempt is one call of it.
type wire func(ctx context.Context, form url.Values) (status int, body string, err error)

func (w wire) Do(r *http.Request) (*http.Response, error) {
	text, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	form, err := url.ParseQuery(string(text))
	if err != nil {
		return nil, err
	}
	status, body, err := w(r.Context(), form)
	if err != nil {
		return nil, err
	}
	return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {"text/xml"}}, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
}

func newApplier(w wire, interval time.Duration) *apply.Applier {
	return apply.New(aws.Config{Region: "us-east-1", HTTPClient: w, Credentials: credentials.NewStaticCredentialsProvider("a", "b", "")}, interval)
}

func answer(code, text string) string {
	return fmt.Sprintf("<ErrorResponse><Error><Type>Sender</Type><Code>%s</Code><Message>%s</Message></Error><RequestId>r</RequestId></ErrorResponse>", code, text)
}

const taken = "<PutIdentityPolicyResponse><PutIdentityPolicyResult/></PutIdentityPolicyResponse>"

var put = message.Request{Action: message.Put, Identity: identity.Identity{Name: "example.com"}, PolicyName: "P", Policy: `{"a": 1}`}

func TestApplySendsWhatWasAsked(t *testing.T) {
	var forms []url.Values
	a := newApplier(func(_ context.Context, form url.Values) (int, string, error) {
		forms = append(forms, form)
		return 200, strings.ReplaceAll(taken, "Put", strings.TrimSuffix(form.Get("Action"), "IdentityPolicy")), nil
	}, time.Nanosecond)
	remove := put
	remove.Action = message.Delete
	if err := errors.Join(a.Apply(t.Context(), put), a.Apply(t.Context(), remove)); err != nil {
		t.Fatal(err)
	}
	if f := forms[0]; f.Get("Action") != "PutIdentityPolicy" || f.Get("Identity") != "example.com" || f.Get("PolicyName") != "P" || f.Get("Policy") != `{"a": 1}` {
		t.Errorf("put sent %v", f)
	}
	if f := forms[1]; f.Get("Action") != "DeleteIdentityPolicy" || f.Get("Identity") != "example.com" || f.Get("PolicyName") != "P" || f.Has("Policy") {
		t.Errorf("delete sent %v", f)
	}
}

// Every attempt, the SDK's own retries too, starts an interval after the end of
// the one before it.
func TestPaceRunsFromEndToStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		var starts []time.Duration
		a := newApplier(func(context.Context, url.Values) (int, string, error) {
			starts = append(starts, time.Since(begun))
			time.Sleep(70 * time.Millisecond)
			switch len(starts) {
			case 2:
				return 400, answer("Throttling", "Rate exceeded"), nil
			case 3:
				return 0, "", errors.New("connection reset by peer")
			}
			return 200, taken, nil
		}, time.Second)
		if err := errors.Join(a.Apply(t.Context(), put), a.Apply(t.Context(), put)); err != nil {
			t.Fatal(err)
		}
		if want := "[0s 1.07s 2.14s 3.21s]"; fmt.Sprint(starts) != want {
			t.Errorf("attempts started at %v, want %s", starts, want)
		}
		if stats := a.TakeStats(); stats != (apply.Stats{Waited: 3 * time.Second, Throttled: 1, InDoubt: 1}) {
			t.Errorf("stats %+v", stats)
		}
		if stats := a.TakeStats(); stats != (apply.Stats{}) {
			t.Errorf("stats were not taken: %+v", stats)
		}
	})
}

func TestPauseAlreadyPassedCostsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newApplier(func(context.Context, url.Values) (int, string, error) { return 200, taken, nil }, time.Second)
		if err := a.Apply(t.Context(), put); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		begun := time.Now()
		if err := a.Apply(t.Context(), put); err != nil || time.Since(begun) != 0 {
			t.Errorf("waited %v, %v", time.Since(begun), err)
		}
	})
}

// No call is begun that could outlive the deadline.
func TestNoTimeIsSaidAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		a := newApplier(func(context.Context, url.Values) (int, string, error) { calls++; return 200, taken, nil }, time.Second)
		ctx, cancel := context.WithTimeout(t.Context(), apply.AttemptTimeout)
		defer cancel()
		begun := time.Now()
		if err := a.Apply(ctx, put); err != nil {
			t.Fatal(err)
		}
		err := a.Apply(ctx, put)
		if delay, ok := errors.AsType[*outcome.Transient](err); !ok || delay.Cause != outcome.CauseNoTime || time.Since(begun) != 0 || calls != 1 {
			t.Errorf("got %v after %v and %d calls", err, time.Since(begun), calls)
		}
	})
}

func TestAHungAttemptIsMadeOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		a := newApplier(func(ctx context.Context, _ url.Values) (int, string, error) {
			calls++
			<-ctx.Done()
			return 0, "", ctx.Err()
		}, time.Second)
		begun := time.Now()
		err := a.Apply(t.Context(), put)
		if delay, ok := errors.AsType[*outcome.Transient](err); !ok || delay.Cause != outcome.CauseTimeout || time.Since(begun) != apply.AttemptTimeout || calls != 1 {
			t.Errorf("got %v after %v and %d calls", err, time.Since(begun), calls)
		}
	})
}

func TestWhichAnswersAreFinal(t *testing.T) {
	for _, test := range []struct {
		status     int
		code, text string
		final      bool
		want       string // the code of a rejection or the cause of a delay
		attempts   int
	}{
		{400, "InvalidPolicy", "Unknown or unapplicable condition field 'AWS:SourceAccount'.", true, "InvalidPolicy", 1},
		{400, "InvalidParameterValue", "Number of policies for example.com exceeds max", true, "InvalidParameterValue", 1},
		{400, "ValidationError", "", true, "ValidationError", 1},
		{404, "NotFoundException", "no such identity", true, "NotFoundException", 1},
		{400, "Throttling", "Rate exceeded", false, outcome.CauseThrottled, 3},
		{400, "ThrottlingException", "", false, outcome.CauseThrottled, 3},
		{429, "TooManyRequestsException", "", false, outcome.CauseThrottled, 3},
		{503, "RequestLimitExceeded", "", false, outcome.CauseThrottled, 3},
		{403, "AccessDenied", "is not authorized to perform: ses:PutIdentityPolicy", false, outcome.CauseAccessDenied, 1},
		{400, "AccessDeniedException", "", false, outcome.CauseAccessDenied, 1},
		{403, "InvalidClientTokenId", "", false, outcome.CauseAccessDenied, 1},
		{403, "ExpiredToken", "", false, outcome.CauseAccessDenied, 1},
		{403, "SignatureDoesNotMatch", "", false, outcome.CauseAccessDenied, 1},
		{403, "OptInRequired", "", false, outcome.CauseAccessDenied, 1},
		{403, "SomethingNew", "", false, outcome.CauseAccessDenied, 1},
		{500, "InternalFailure", "", false, outcome.CauseUnavailable, 3},
		{503, "ServiceUnavailable", "", false, outcome.CauseUnavailable, 3},
		{400, "InternalFailure", "", false, outcome.CauseUnavailable, 1},
		{400, "", "", false, outcome.CauseUnavailable, 1},
	} {
		synctest.Test(t, func(t *testing.T) {
			calls := 0
			a := newApplier(func(context.Context, url.Values) (int, string, error) {
				calls++
				return test.status, answer(test.code, test.text), nil
			}, time.Second)
			err := a.Apply(t.Context(), put)
			got, final := "", false
			if refused, ok := errors.AsType[*outcome.Rejection](err); ok {
				got, final = refused.Code, true
			} else if delay, ok := errors.AsType[*outcome.Transient](err); ok {
				got = delay.Cause
			}
			if got != test.want || final != test.final || calls != test.attempts {
				t.Errorf("%d %s: got %q, final %v, %d attempts: %v", test.status, test.code, got, final, calls, err)
			}
		})
	}
}

func TestAnswersThatAreNotXML(t *testing.T) {
	for _, status := range []int{200, 400, 502} {
		synctest.Test(t, func(t *testing.T) {
			a := newApplier(func(context.Context, url.Values) (int, string, error) { return status, "<html>proxy", nil }, time.Second)
			err := a.Apply(t.Context(), put)
			if delay, ok := errors.AsType[*outcome.Transient](err); status != 200 && (!ok || delay.Cause != outcome.CauseUnavailable) {
				t.Errorf("%d: %v", status, err)
			}
		})
	}
}

func TestOnlyAPrincipalGetsRetries(t *testing.T) {
	for text, patience := range map[string]int{
		"Invalid principal in policy": 3,
		"invalid principal":           3,
		"Unknown or unapplicable condition field 'aws:PrincipalOrgID'.": 0,
		"Policy is not well formed":                                     0,
	} {
		a := newApplier(func(context.Context, url.Values) (int, string, error) {
			return 400, answer("InvalidPolicy", text), nil
		}, time.Nanosecond)
		refused, ok := errors.AsType[*outcome.Rejection](a.Apply(t.Context(), put))
		if !ok || refused.Retries != patience || refused.Message != text {
			t.Errorf("%q: %+v", text, refused)
		}
	}
}
