package wire

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestFaultsOfACall(t *testing.T) {
	for _, test := range []struct {
		reason string
		fault  Fault
		err    string
		acted  bool
		took   time.Duration
	}{
		{"none", Fault{}, "", true, 0},
		{"before and after", Fault{Before: time.Second, After: 2 * time.Second}, "", true, 3 * time.Second},
		{"a code", Fault{Code: "Throttling"}, "Throttling", false, 0},
		{"a status", Fault{Status: 503}, ": ", false, 0},
		{"a code, though it acted", Fault{Code: "Throttling", Act: true}, "Throttling", true, 0},
		{"no answer", Fault{Hang: true}, "deadline", false, time.Minute},
		{"an answer lost", Fault{Hang: true, Act: true}, "deadline", true, time.Minute},
		{"broken", Fault{Break: true}, "closed", false, 0},
		{"never arrives", Fault{Before: time.Hour}, "deadline", false, time.Minute},
		{"too late", Fault{After: time.Hour}, "deadline", true, time.Minute},
	} {
		t.Run(test.reason, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				start, acted := time.Now(), false
				answer, err := Under(ctx, test.fault, func() (string, error) { acted = true; return "done", nil })
				if (err == nil) != (test.err == "") || err != nil && !strings.Contains(err.Error(), test.err) || (answer == "done") != (err == nil) {
					t.Errorf("answered %q, %v", answer, err)
				}
				if acted != test.acted || time.Since(start) != test.took {
					t.Errorf("acted %v after %v", acted, time.Since(start))
				}
			})
		})
	}
}

func TestProtocols(t *testing.T) {
	refused := &Error{Code: "NotFoundException", Query: "Old.NotFound", Message: "<no>"}
	answer := struct{ Name string }{"a"}
	for _, test := range []struct {
		reason   string
		protocol Protocol
		err      error
		status   int
		header   string // of the error
		body     string
	}{
		{"JSON", JSON{Version: "1.0"}, nil, 200, "", `{"Name":"a"}`},
		{"JSON, refused", JSON{Version: "1.0", Namespace: "com.amazonaws.sqs#"}, refused, 404, "NotFoundException", `{"__type":"com.amazonaws.sqs#NotFoundException","message":"<no>"}`},
		{"REST", REST{}, nil, 200, "", `{"Name":"a"}`},
		{"REST, refused", REST{}, refused, 404, "NotFoundException", `{"__type":"NotFoundException","message":"<no>"}`},
		{"Query", Query{"urn:x"}, nil, 200, "", `<DoResponse xmlns="urn:x"><DoResult><Name>a</Name></DoResult><ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></DoResponse>`},
		{"Query, refused", Query{"urn:x"}, refused, 404, "", `<ErrorResponse xmlns="urn:x"><Error><Type>Sender</Type><Code>Old.NotFound</Code><Message>&lt;no&gt;</Message></Error><RequestId>1</RequestId></ErrorResponse>`},
		{"Query, failed", Query{"urn:x"}, errors.New("oh"), 500, "", `<ErrorResponse xmlns="urn:x"><Error><Type>Receiver</Type><Code>InternalError</Code><Message>oh</Message></Error><RequestId>1</RequestId></ErrorResponse>`},
	} {
		t.Run(test.reason, func(t *testing.T) {
			w := httptest.NewRecorder()
			Write(w, httptest.NewRequest(http.MethodPost, "/", nil), test.protocol, "Do", "1", answer, test.err)
			if w.Code != test.status || w.Body.String() != test.body || w.Header().Get("X-Amzn-Errortype") != test.header || w.Header().Get("X-Amzn-Requestid") != "1" {
				t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
			}
		})
	}
}

func TestClient(t *testing.T) {
	do := func(ctx context.Context, handler http.HandlerFunc) (*http.Response, error) {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://127.0.0.1/a?b=c", nil)
		if err != nil {
			t.Fatal(err)
		}
		return Client{Handler: handler}.Do(r)
	}
	answer, err := do(t.Context(), func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusAccepted)
		_, _ = io.WriteString(w, r.RequestURI+" "+r.Host)
	})
	if err != nil {
		t.Fatal(err)
	}
	if body, err := io.ReadAll(answer.Body); err != nil || answer.StatusCode != 202 || string(body) != "/a?b=c 127.0.0.1" || answer.ContentLength != int64(len(body)) {
		t.Errorf("%+v %s %v", answer, body, err)
	}
	if _, err := do(t.Context(), func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a broken connection: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	if _, err := do(ctx, func(http.ResponseWriter, *http.Request) { cancel() }); !errors.Is(err, context.Canceled) {
		t.Errorf("a caller that gave up: %v", err)
	}
}
