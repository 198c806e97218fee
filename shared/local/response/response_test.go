package response_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sespolicy/shared/local/response"
)

const (
	stackID   = "arn:aws:cloudformation:us-east-1:123456789012:stack/mail/5b918d10-cd98-11ea-90d5-0a9cd3354c10"
	requestID = "5478ff46-0000-4a3b-8c6e-c61a94ed2b58"
	good      = `{"Status":"SUCCESS","PhysicalResourceId":"example.com/MyPolicy","StackId":"` + stackID +
		`","RequestId":"` + requestID + `","LogicalResourceId":"Policy","Data":{"PolicyName":"MyPolicy"}}`
)

func presigned() string {
	return response.URL("http://127.0.0.1:4566", "us-east-1", stackID, "Policy", requestID)
}

func put(b *response.Bucket, target, body string, change ...func(*http.Request)) int {
	r := httptest.NewRequest(http.MethodPut, target, strings.NewReader(body))
	for _, f := range change {
		f(r)
	}
	w := httptest.NewRecorder()
	b.ServeHTTP(w, r)
	return w.Code
}

func TestURLIsAsCloudFormationWritesIt(t *testing.T) {
	u, err := url.Parse(presigned())
	if err != nil {
		t.Fatal(err)
	}
	want := "/cloudformation-custom-resource-response-useast1/arn%3Aaws%3Acloudformation%3Aus-east-1%3A123456789012%3A" +
		"stack/mail/5b918d10-cd98-11ea-90d5-0a9cd3354c10%7CPolicy%7C" + requestID
	if u.EscapedPath() != want {
		t.Errorf("path %s, want %s", u.EscapedPath(), want)
	}
	if !strings.HasPrefix(u.Path, response.PathPrefix) {
		t.Errorf("path %s", u.Path)
	}
}

func TestKeepsTheFirstAnswerOfEachRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := response.New()
		target := presigned()
		if _, ok := b.Answer(stackID, requestID); ok {
			t.Error("an answer before there was one")
		}
		time.Sleep(time.Minute)
		if status := put(b, target, good); status != 200 {
			t.Fatalf("status %d", status)
		}
		put(b, target, strings.Replace(good, "SUCCESS", "FAILED", 1))
		got, ok := b.Answer(stackID, requestID)
		want := response.Answer{
			StackID: stackID, RequestID: requestID, LogicalResourceID: "Policy", PhysicalResourceID: "example.com/MyPolicy",
			Status: "SUCCESS", Data: map[string]any{"PolicyName": "MyPolicy"}, Body: good, Time: time.Now(),
		}
		if diff := cmp.Diff(want, got); !ok || diff != "" {
			t.Error(diff)
		}
		if len(b.Answers()) != 2 {
			t.Errorf("%d answers kept, want both", len(b.Answers()))
		}
	})
}

func TestS3Refuses(t *testing.T) {
	without := func(name string) string {
		u, _ := url.Parse(presigned())
		q := u.Query()
		q.Del(name)
		u.RawQuery = q.Encode()
		return u.String()
	}
	for _, tt := range []struct {
		name   string
		target string
		change func(*http.Request)
		status int
	}{
		{"no signature", without("X-Amz-Signature"), nil, 403},
		{"no date", without("X-Amz-Date"), nil, 403},
		{"a content type", presigned(), func(r *http.Request) { r.Header.Set("Content-Type", "application/json") }, 403},
		{"no length", presigned(), func(r *http.Request) { r.ContentLength = -1 }, 411},
		{"another method", presigned(), func(r *http.Request) { r.Method = http.MethodPost }, 405},
		{"nothing wrong", presigned(), nil, 200},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := response.New()
			var change []func(*http.Request)
			if tt.change != nil {
				change = append(change, tt.change)
			}
			if got := put(b, tt.target, good, change...); got != tt.status {
				t.Errorf("status %d, want %d", got, tt.status)
			}
			if kept := len(b.Answers()) == 1; kept != (tt.status == 200) {
				t.Errorf("kept: %v", kept)
			}
		})
	}
	synctest.Test(t, func(t *testing.T) {
		target := presigned()
		time.Sleep(2*time.Hour + time.Second)
		if got := put(response.New(), target, good); got != 403 {
			t.Errorf("an expired URL: status %d, want 403", got)
		}
	})
}

func TestAnswersThatCloudFormationWouldNotTake(t *testing.T) {
	replace := func(old, by string) string { return strings.Replace(good, old, by, 1) }
	for _, tt := range []struct {
		name string
		body string
		fine bool
	}{
		{"nothing wrong", good, true},
		{"exactly 4096 bytes", good + strings.Repeat(" ", 4096-len(good)), true},
		{"4097 bytes", good + strings.Repeat(" ", 4097-len(good)), false},
		{"no JSON", "SUCCESS", false},
		{"a list", "[]", false},
		{"an unknown status", replace("SUCCESS", "OK"), false},
		{"FAILED without a reason", replace("SUCCESS", "FAILED"), false},
		{"FAILED with one", replace(`"SUCCESS"`, `"FAILED","Reason":"no"`), true},
		{"an empty id", replace("example.com/MyPolicy", ""), false},
		{"an id of 1025 bytes", replace("example.com/MyPolicy", strings.Repeat("x", 1025)), false},
		{"another request's id", replace(requestID, "other"), false},
		{"no logical id", replace(`"LogicalResourceId":"Policy",`, ""), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := response.New()
			if status := put(b, presigned(), tt.body); status != 200 {
				t.Fatalf("status %d: S3 takes any bytes", status)
			}
			if problem := b.Answers()[0].Problem; (problem == "") != tt.fine {
				t.Errorf("problem %q", problem)
			}
		})
	}
}

func TestAwait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := response.New()
		target := presigned()
		time.AfterFunc(time.Minute, func() { put(b, target, strings.ReplaceAll(good, requestID, "other")) })
		time.AfterFunc(2*time.Minute, func() { put(b, target, good) })
		start := time.Now()
		answer, err := b.Await(t.Context(), stackID, requestID)
		if err != nil || answer.Status != "SUCCESS" || time.Since(start) != 2*time.Minute {
			t.Errorf("got %+v, %v after %v", answer, err, time.Since(start))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := b.Await(ctx, stackID, "never"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
	})
}

func TestFaults(t *testing.T) {
	b := response.New()
	server := httptest.NewServer(b)
	defer server.Close()
	client := &http.Client{
		Timeout:       200 * time.Millisecond,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	send := func() (int, error) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPut,
			response.URL(server.URL, "us-east-1", stackID, "Policy", requestID), strings.NewReader(good))
		if err != nil {
			t.Fatal(err)
		}
		w, err := client.Do(r)
		if err != nil {
			return 0, err
		}
		return w.StatusCode, w.Body.Close()
	}
	for _, tt := range []struct {
		name   string
		fault  response.Fault
		status int
	}{
		{"down", response.Fault{Status: 503}, 503},
		{"an answer of the test's", response.Fault{Answer: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }}, 418},
		{"silent", response.Fault{Hang: true}, 0},
	} {
		b.SetFault(func(*http.Request) response.Fault { return tt.fault })
		status, err := send()
		if status != tt.status || (err != nil) != (tt.status == 0) {
			t.Errorf("%s: got %d, %v", tt.name, status, err)
		}
	}
	b.SetFault(nil)
	if status, err := send(); status != 200 || err != nil || len(b.Answers()) != 1 {
		t.Errorf("after the faults: %d, %v, %d answers", status, err, len(b.Answers()))
	}
}
