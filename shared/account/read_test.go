package account_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/smithy-go"

	"sespolicy/shared/account"
	"sespolicy/shared/local/wire"
)

const listPath = "/v2/email/list-identities"

// service answers SES v2's two calls: n identities, in pages, each with three
// policies. refuse returns the code to refuse a call with.
type service struct {
	n, page int
	refuse  func(path string) (status int, code string)

	mu    sync.Mutex
	calls int
}

func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.calls++
	status, code := 0, ""
	if s.refuse != nil {
		status, code = s.refuse(r.URL.Path)
	}
	s.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	if code != "" {
		w.Header().Set("X-Amzn-ErrorType", code)
		w.WriteHeader(status)
		_, _ = w.Write([]byte(`{"message":"no"}`))
		return
	}
	answer := map[string]any{}
	if name, one := strings.CutPrefix(r.URL.Path, "/v2/email/identities/"); one {
		policies := map[string]string{}
		for i := range 3 {
			policies[fmt.Sprintf("P%d", 2-i)] = `{"for":"` + name + `"}`
		}
		answer["Policies"] = policies
	} else {
		var in struct{ NextToken string }
		_ = json.NewDecoder(r.Body).Decode(&in)
		from, _ := strconv.Atoi(in.NextToken)
		var infos []map[string]any
		for i := from; i < min(from+s.page, s.n); i++ {
			infos = append(infos, map[string]any{"IdentityName": fmt.Sprintf("d%04d.example.com", i)})
		}
		answer["EmailIdentities"] = infos
		if from+s.page < s.n {
			answer["NextToken"] = strconv.Itoa(from + s.page)
		}
	}
	_ = json.NewEncoder(w).Encode(answer)
}

func (s *service) config() aws.Config {
	return aws.Config{Region: "us-east-1", BaseEndpoint: aws.String("http://127.0.0.1:1"), HTTPClient: wire.Client{Handler: s},
		Credentials: credentials.NewStaticCredentialsProvider("id", "secret", "")}
}

// A thousand identities in pages of 17, a third of all calls throttled or failing:
// nothing is missing.
func TestReadIsCompleteUnderThrottling(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		random := rand.New(rand.NewPCG(1, 1))
		s := &service{n: 1000, page: 17, refuse: func(string) (int, string) {
			switch n := random.IntN(30); {
			case n < 8:
				return http.StatusTooManyRequests, "TooManyRequestsException"
			case n < 10:
				return http.StatusServiceUnavailable, ""
			}
			return 0, ""
		}}
		last, throttled, start := 0, 0, time.Now()
		contents, err := account.NewReader(s.config(), func(done, total, slow int) {
			if total != 1000 {
				t.Errorf("total %d", total)
			}
			last, throttled = done, slow
		}).Read(t.Context())
		if err != nil || len(contents.Failures) > 0 || len(contents.Identities) != 1000 || last != 1000 || throttled == 0 {
			t.Fatalf("%d identities, %d failures, progress %d, throttled %d, %v", len(contents.Identities), len(contents.Failures), last, throttled, err)
		}
		if took := time.Since(start); took > 10*time.Minute {
			t.Errorf("took %v", took)
		}
		for i, id := range contents.Identities {
			name := fmt.Sprintf("d%04d.example.com", i)
			if id.Name != name || len(id.Policies) != 3 || id.Policies[0].Name != "P0" || id.Policies[2].Text != `{"for":"`+name+`"}` {
				t.Fatalf("got %+v", id)
			}
		}
	})
}

func TestWhatCannotBeReadIsAFailure(t *testing.T) {
	code := func(err error) string {
		if api, ok := errors.AsType[smithy.APIError](err); ok {
			return api.ErrorCode()
		}
		return ""
	}
	for reason, test := range map[string]struct {
		refuse               func(path string) (int, string)
		identities, failures int
		of, code             string
		calls                int
	}{
		"one identity": {func(path string) (int, string) {
			if strings.HasSuffix(path, "/d0001.example.com") {
				return 400, "AccessDeniedException"
			}
			return 0, ""
		}, 2, 1, "d0001.example.com", "AccessDeniedException", 4},
		"the list": {func(path string) (int, string) {
			if path == listPath {
				return 403, "AccessDeniedException"
			}
			return 0, ""
		}, 0, 1, "", "AccessDeniedException", 1},
		"throttled without end": {func(path string) (int, string) {
			if path != listPath {
				return 429, "TooManyRequestsException"
			}
			return 0, ""
		}, 0, 3, "d0000.example.com", "TooManyRequestsException", 1 + 3*12},
	} {
		t.Run(reason, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &service{n: 3, page: 10, refuse: test.refuse}
				contents, err := account.NewReader(s.config(), nil).Read(t.Context())
				if err != nil || len(contents.Identities) != test.identities || len(contents.Failures) != test.failures {
					t.Fatalf("got %d identities, %d failures, %v", len(contents.Identities), len(contents.Failures), err)
				}
				if f := contents.Failures[0]; f.Identity != test.of || code(f.Err) != test.code || s.calls != test.calls {
					t.Errorf("got %q, %v after %d calls", f.Identity, f.Err, s.calls)
				}
			})
		})
	}
}

// The rate follows what SES allows: without throttling it rises to 50 calls a
// second, and it starts at 10.
func TestReadStartsSlowly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, start := &service{n: 10, page: 100}, time.Now()
		if _, err := account.NewReader(s.config(), nil).Read(t.Context()); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took < 900*time.Millisecond || took > 1100*time.Millisecond {
			t.Errorf("11 calls took %v, want about a second", took)
		}
	})
}

func TestReadEndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		s, start := &service{n: 1000, page: 1000}, time.Now()
		contents, err := account.NewReader(s.config(), nil).Read(ctx)
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) > 2*time.Second || len(contents.Identities)+len(contents.Failures) != 1000 {
			t.Errorf("%v after %v, %d read, %d failures", err, time.Since(start), len(contents.Identities), len(contents.Failures))
		}
	})
}

func TestReadOnlyWhatMatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &service{n: 30, page: 10}
		contents, err := account.NewReader(s.config(), nil).Read(t.Context(), "d000*.example.com", "D0012.EXAMPLE.com")
		if err != nil || len(contents.Identities) != 11 || s.calls != 3+11 {
			t.Errorf("got %d identities in %d calls, %v", len(contents.Identities), s.calls, err)
		}
	})
}
