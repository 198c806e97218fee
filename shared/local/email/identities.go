package email

import (
	"cmp"
	"encoding/base64"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"sespolicy/shared/local/wire"
)

// Page sizes of ListEmailIdentities. The largest is documented, that of a call
// without a PageSize is not.
const (
	maxPage     = 1000
	defaultPage = 100
)

// identityInfo is one identity of a list.
type identityInfo struct {
	IdentityType       string
	IdentityName       string
	SendingEnabled     bool
	VerificationStatus string
}

type listRequest struct {
	PageSize  *int
	NextToken string
	Filter    map[string]string
}

type listAnswer struct {
	EmailIdentities []identityInfo
	NextToken       string `json:",omitzero"`
}

type getAnswer struct {
	IdentityType             string
	FeedbackForwardingStatus bool
	VerifiedForSendingStatus bool
	VerificationStatus       string
	Policies                 map[string]string
	Tags                     []string // none
}

// serveV2 answers a call of the API v2. An error has the status that its code
// has there: 404 for NotFoundException, 429 for TooManyRequestsException.
func (s *Server) serveV2(w http.ResponseWriter, r *http.Request) {
	call := Call{Action: "ListEmailIdentities"}
	act := func() (any, error) { return s.listEmailIdentities(w, r) }
	name, one := strings.CutPrefix(r.URL.Path, PathPrefix+"identities/")
	switch {
	case one && r.Method == http.MethodGet && !strings.Contains(name, "/"):
		call = Call{Action: "GetEmailIdentity", Identity: name}
		call.Key, _ = s.canonical(name)
		act = func() (any, error) { return s.getEmailIdentity(name) }
	case r.Method == http.MethodPost && r.URL.Path == PathPrefix+"list-identities":
	case r.Method == http.MethodGet && r.URL.Path == PathPrefix+"identities":
	default:
		act = func() (any, error) {
			return nil, &wire.Error{Code: "UnknownOperationException", Status: http.StatusNotFound,
				Message: "of SES v2 only ListEmailIdentities and GetEmailIdentity are served, not " + r.Method + " " + r.URL.Path}
		}
	}
	wire.Serve(w, r, wire.REST{}, s.FaultOf(call), call.Action, act)
}

// listEmailIdentities lists by name. The token is the last name of the page
// before. Today's SDKs post a JSON object; older ones have a query.
func (s *Server) listEmailIdentities(w http.ResponseWriter, r *http.Request) (listAnswer, error) {
	in := listRequest{NextToken: r.URL.Query().Get("NextToken")}
	if text := r.URL.Query().Get("PageSize"); text != "" {
		size, err := strconv.Atoi(text)
		if err != nil {
			return listAnswer{}, badRequest("PageSize must be an integer")
		}
		in.PageSize = &size
	}
	if r.Method == http.MethodPost {
		body, err := wire.Read(w, r)
		if err != nil {
			return listAnswer{}, err
		}
		if len(body) > 0 {
			if in, err = wire.Decode[listRequest]("ListEmailIdentities", body); err != nil {
				return listAnswer{}, err
			}
		}
	}
	size := defaultPage
	if in.PageSize != nil {
		size = cmp.Or(*in.PageSize, defaultPage)
	}
	after, err := base64.StdEncoding.DecodeString(in.NextToken)
	switch {
	case err != nil:
		return listAnswer{}, badRequest("The NextToken is invalid")
	case size < 0 || size > maxPage:
		return listAnswer{}, badRequest("PageSize must be from 0 to 1000")
	case len(in.Filter) > 0:
		return listAnswer{}, badRequest("filters are not served here")
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

func (s *Server) getEmailIdentity(name string) (getAnswer, error) {
	key, err := s.canonical(name)
	s.mu.Lock()
	defer s.mu.Unlock()
	policies, found := s.policies[key]
	if err != nil || !found {
		return getAnswer{}, &wire.Error{Code: "NotFoundException", Message: "Email identity " + name + " does not exist."}
	}
	return getAnswer{identityType(key), true, true, "SUCCESS", maps.Clone(policies), []string{}}, nil
}

func identityType(name string) string {
	if strings.Contains(name, "@") {
		return "EMAIL_ADDRESS"
	}
	return "DOMAIN"
}

func badRequest(message string) error {
	return &wire.Error{Code: "BadRequestException", Message: message}
}
