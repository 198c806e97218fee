package email

import (
	"errors"
	"net/http"
	"strings"

	"sespolicy/shared/local/wire"
)

// protocol is that of the API version 2010-12-01.
var protocol = wire.Query{Namespace: "http://ses.amazonaws.com/doc/2010-12-01/"}

// PathPrefix begins the path of every call of the API v2.
const PathPrefix = "/v2/email/"

// ServeHTTP answers one call, of either API.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, PathPrefix) {
		s.serveV2(w, r)
		return
	}
	form, badForm := wire.ReadForm(w, r)
	call := &Call{Action: form.Get("Action"), Identity: form.Get("Identity"), PolicyName: form.Get("PolicyName")}
	call.Key, _ = s.canonical(call.Identity)
	fault := s.FaultOf(*call)
	if !wire.Wait(r.Context(), fault.Before) {
		panic(http.ErrAbortHandler) // it never arrived
	}
	fault.Before = 0
	requestID, refused := s.arrive(call)
	if refused = errors.Join(refused, badForm); refused != nil {
		fault.Code, fault.Status, fault.Act = "", 0, true
	}
	result, err := wire.Under(r.Context(), fault, func() (any, error) {
		if refused != nil {
			return nil, refused
		}
		return s.act(form)
	})
	known, ok := errors.AsType[*wire.Error](err)
	switch {
	case err == nil:
		s.answered(call, http.StatusOK, "", "")
	case ok:
		s.answered(call, known.HTTPStatus(), known.Code, known.Message)
	default:
		s.answered(call, 0, NoAnswer, "")
	}
	wire.Write(w, r, protocol, call.Action, requestID, result, err)
}
