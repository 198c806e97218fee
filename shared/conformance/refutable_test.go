package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"sespolicy/shared/local"
)

// setup are the actions that the checks need before they can ask anything.
var setup = map[string]bool{
	"CreateQueue": true, "DeleteQueue": true, "GetQueueAttributes": true,
	"CreateTopic": true, "DeleteTopic": true, "Subscribe": true, "CreateTable": true, "DeleteTable": true,
}

// stubborn gives one answer to everything but the setup: to the AWS protocols an
// empty success, or one and the same refusal.
type stubborn struct {
	stack  *local.Stack
	refuse bool
}

func (s stubborn) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r.Host = strings.TrimPrefix(s.stack.URL, "http://")
	_, action, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	query := strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded")
	if query {
		_ = r.ParseForm() // what cannot be read has no action
		action = r.PostForm.Get("Action")
	}
	if setup[action] || r.URL.Path == "/" && r.Method == http.MethodGet {
		s.stack.ServeHTTP(w, r)
		return
	}
	switch {
	case query && s.refuse:
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write([]byte("<ErrorResponse><Error><Type>Sender</Type><Code>Refused</Code><Message>no</Message></Error></ErrorResponse>"))
	case query:
		_, _ = w.Write([]byte("<" + action + "Response><" + action + "Result></" + action + "Result></" + action + "Response>"))
	case s.refuse:
		w.Header().Set("X-Amzn-Errortype", "Refused")
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write([]byte(`{"__type":"Refused","message":"no"}`))
	default:
		_, _ = w.Write([]byte(`{}`))
	}
}

// Every assumption that can be asked can differ: none of them holds both at an
// endpoint that takes everything and at one that refuses everything.
func TestEveryAssumptionCanDiffer(t *testing.T) {
	t.Parallel()
	var verdicts [2]map[string]Result
	for i, refuse := range []bool{false, true} {
		server := httptest.NewServer(stubborn{start(t, -1), refuse})
		defer server.Close()
		verdicts[i], _ = asked(t.Context(), t, server.URL, time.Millisecond)
	}
	differ := 0
	for _, a := range all() {
		takes, refuses := verdicts[0][a.Name], verdicts[1][a.Name]
		if takes.Verdict == holds && refuses.Verdict == holds {
			t.Errorf("%s holds whatever is answered", a.Name)
		}
		if takes.Verdict == holds {
			t.Logf("%s holds at an endpoint that takes everything", a.Name)
		}
		if refuses.Verdict == holds {
			t.Errorf("%s holds at an endpoint that refuses everything with a code that AWS does not have", a.Name)
		}
		if takes.Verdict == differing || refuses.Verdict == differing {
			differ++
		}
	}
	t.Logf("%d of %d assumptions differ at one of the two", differ, len(all()))
}
