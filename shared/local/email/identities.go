package email

import (
	"cmp"
	"encoding/base64"
	"maps"
	"net/http"
	"slices"
	"strings"

	"sespolicy/shared/local/wire"
)

// Page sizes of ListEmailIdentities. The largest is documented, that of a call
// without a PageSize is not.
const (
	maxPage     = 1000
	defaultPage = 100
)

// routesV2 are the operations of the API v2. An error has the status that its
// code has there: 404 for NotFoundException, 429 for TooManyRequestsException.
func (s *Server) routesV2() http.Handler {
	mux := http.NewServeMux()
	get := func(action string, answer func(name string, policies map[string]string) any) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			call := Call{Action: action, Identity: r.PathValue("name")}
			call.Key, _ = s.canonical(call.Identity)
			wire.Serve(w, r, wire.REST{}, s.FaultOf(call), action, func() (any, error) {
				s.mu.Lock()
				defer s.mu.Unlock()
				policies, found := s.policies[call.Key]
				if !found {
					return nil, wire.Errorf("NotFoundException", "Email identity %s does not exist.", call.Identity)
				}
				return answer(call.Key, maps.Clone(policies)), nil
			})
		}
	}
	mux.HandleFunc("GET "+PathPrefix+"identities/{name}", get("GetEmailIdentity", func(name string, policies map[string]string) any {
		return getAnswer{identityType(name), true, true, "SUCCESS", policies, []string{}}
	}))
	mux.HandleFunc("GET "+PathPrefix+"identities/{name}/policies", get("GetEmailIdentityPolicies", func(_ string, policies map[string]string) any {
		return map[string]any{"Policies": policies}
	}))
	list := func(w http.ResponseWriter, r *http.Request) {
		in, err := wire.ReadREST[listRequest](w, r)
		call := Call{Action: "ListEmailIdentities"}
		wire.Serve(w, r, wire.REST{}, s.FaultOf(call), call.Action, func() (any, error) {
			if err != nil {
				return nil, err
			}
			return s.listEmailIdentities(in)
		})
	}
	mux.HandleFunc("POST "+PathPrefix+"list-identities", list)
	mux.HandleFunc("GET "+PathPrefix+"identities", list) // SDKs of 2025 and before
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		wire.Serve(w, r, wire.REST{}, wire.Fault{}, "", func() (any, error) { return nil, wire.UnknownOperation(r.Method + " " + r.URL.Path) })
	})
	return mux
}

type listRequest struct {
	PageSize  int
	NextToken string
	Filter    map[string]string
}

// identityInfo is one identity of a list.
type identityInfo struct {
	IdentityType       string
	IdentityName       string
	SendingEnabled     bool
	VerificationStatus string
}

type listAnswer struct {
	EmailIdentities []identityInfo
	NextToken       string `json:",omitzero"`
}

// listEmailIdentities lists by name. The token is the last name of the page
// before.
func (s *Server) listEmailIdentities(in listRequest) (any, error) {
	size := cmp.Or(in.PageSize, defaultPage)
	after, err := base64.StdEncoding.DecodeString(in.NextToken)
	switch {
	case err != nil:
		return nil, wire.Errorf("BadRequestException", "The NextToken is invalid")
	case size < 0 || size > maxPage:
		return nil, wire.Errorf("BadRequestException", "PageSize must be from 0 to 1000")
	case len(in.Filter) > 0:
		return nil, wire.Errorf("BadRequestException", "filters are not served here")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	answer := listAnswer{EmailIdentities: []identityInfo{}}
	for _, name := range slices.Sorted(maps.Keys(s.policies)) {
		if name <= string(after) {
			continue
		}
		if n := len(answer.EmailIdentities); n == size {
			answer.NextToken = base64.StdEncoding.EncodeToString([]byte(answer.EmailIdentities[n-1].IdentityName))
			break
		}
		answer.EmailIdentities = append(answer.EmailIdentities, identityInfo{identityType(name), name, true, "SUCCESS"})
	}
	return answer, nil
}

type getAnswer struct {
	IdentityType             string
	FeedbackForwardingStatus bool
	VerifiedForSendingStatus bool
	VerificationStatus       string
	Policies                 map[string]string
	Tags                     []string // none
}

func identityType(name string) string {
	if strings.Contains(name, "@") {
		return "EMAIL_ADDRESS"
	}
	return "DOMAIN"
}
