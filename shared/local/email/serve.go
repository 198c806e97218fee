package email

import (
	"encoding/xml"
	"fmt"
	"net/http"
	"net/url"
)

// maxForm bounds what is read of one call: a policy of 4 KB percent-encoded is
// under 13 KB, and SES must answer a policy of 1 MiB too.
const maxForm = 8 << 20

// ServeHTTP answers one call of the Query protocol.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	badForm := r.ParseForm()
	call := &Call{Action: r.Form.Get("Action"), Identity: r.Form.Get("Identity"), PolicyName: r.Form.Get("PolicyName")}
	call.Key, _ = s.canonical(call.Identity)

	fault := s.faultOf(*call)
	if !wait(r.Context(), fault.Before) {
		panic(http.ErrAbortHandler)
	}
	requestID, refused := s.arrive(call)
	var result any
	switch {
	case refused != nil:
	case badForm != nil:
		refused = &refusal{http.StatusBadRequest, "MalformedInput", "The request body is not a form: " + badForm.Error()}
	default:
		result, refused = s.actUnder(fault, r.Form)
	}
	if fault.Hang {
		<-r.Context().Done()
	}
	if fault.Hang || fault.Break || !wait(r.Context(), fault.After) {
		s.answered(call, 0, NoAnswer, "")
		panic(http.ErrAbortHandler)
	}
	s.answer(w, call, requestID, result, refused)
}

// actUnder does what the form asks, unless the fault stands in its way.
func (s *Server) actUnder(fault Fault, form url.Values) (any, *refusal) {
	injected := fault.refusal()
	if (injected != nil || fault.Hang || fault.Break) && !fault.Act {
		return nil, injected
	}
	result, refused := s.act(form)
	if injected != nil {
		return nil, injected
	}
	return result, refused
}

// answer writes the XML that SES writes.
func (s *Server) answer(w http.ResponseWriter, call *Call, number int, result any, refused *refusal) {
	requestID := fmt.Sprintf("00000000-0000-4000-8000-%012x", number)
	status, code, message := http.StatusOK, "", ""
	var document any = response{
		XMLName:  xml.Name{Local: call.Action + "Response"},
		Space:    namespace,
		Result:   result,
		Metadata: metadata{RequestID: requestID},
	}
	if refused != nil {
		status, code, message = refused.status, refused.code, refused.message
		document = errorResponse{Space: namespace, Error: refused.detail(), RequestID: requestID}
	}
	text, err := xml.Marshal(document)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	s.answered(call, status, code, message)
	w.Header().Set("Content-Type", "text/xml")
	w.Header().Set("X-Amzn-Requestid", requestID)
	w.WriteHeader(status)
	_, _ = w.Write(text) // a caller that has gone away needs no answer
}
