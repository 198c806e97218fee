package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"time"

	"sespolicy/shared/apply"
	"sespolicy/shared/local/email"
	"sespolicy/shared/local/queue"
	"sespolicy/shared/local/table"
	"sespolicy/shared/local/wire"
)

// endpoint is where everything is; nothing ever connects to it.
const endpoint = "http://127.0.0.1:4566"

// elsewhere is the identity that the other writer writes to.
const elsewhere = "elsewhere.com"

// network is the way from one instance to AWS and back: the HTTP client of its
// SDK clients. It takes its time, and whatever goes wrong with a call goes wrong
// here, at SES or at the queues.
type network struct {
	s  *simulation
	in *instance
}

// Do makes one call.
func (n network) Do(request *http.Request) (*http.Response, error) {
	v := n.in.running
	v.calls++
	breaks := v.calls == v.breaksAt
	if breaks && !v.late {
		n.s.breakOff(v)
	}
	var response *http.Response
	var err error
	switch target := request.Header.Get("X-Amz-Target"); {
	case target == "":
		response, err = n.callSES(request)
	case strings.HasPrefix(target, table.TargetPrefix):
		response, err = n.call(request, n.s.tables)
	default:
		response, err = n.call(request, n.s.queues)
	}
	if breaks {
		n.s.breakOff(v)
	}
	return response, err
}

// call makes a call of a service that answers at once.
func (n network) call(request *http.Request, service http.Handler) (*http.Response, error) {
	if err := n.travel(request.Context()); err != nil {
		return nil, err
	}
	response, err := wire.Client{Handler: service}.Do(request)
	if err != nil {
		return nil, err
	}
	return response, n.travel(request.Context())
}

// callSES makes a call of SES. What SES does is done by its own fake; whether
// the call gets there, and the answer back, is decided here.
func (n network) callSES(request *http.Request) (*http.Response, error) {
	ctx, s := request.Context(), n.s
	if left := time.Until(n.in.running.deadline); left < apply.AttemptTimeout {
		s.violate(ruleDeadline, "", "a call of SES began %v before the deadline, and may take %v", left, apply.AttemptTimeout)
	}
	if err := n.travel(ctx); err != nil {
		return nil, err
	}
	switch {
	case s.under(sesHangs):
		<-ctx.Done()
		return nil, ctx.Err()
	case s.under(sesBreaks):
		return nil, io.ErrUnexpectedEOF
	}
	n.arrive()
	response, err := n.serve(request)
	if err != nil {
		return nil, err
	}
	if s.under(sesForgets) {
		return n.loseAnswer(ctx, response)
	}
	return response, n.travel(ctx)
}

// arrive holds the instance to its pace.
func (n network) arrive() {
	now, before := time.Now(), len(n.in.arrived)-1
	if before >= 0 && now.Sub(n.in.arrived[before]) < time.Second {
		n.s.violate(rulePace, "", "instance %d called SES twice within %v", n.in.number, now.Sub(n.in.arrived[before]))
	}
	n.in.arrived = append(n.in.arrived, now)
}

// serve has SES do what is asked, and notes it when it did.
func (n network) serve(request *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return nil, err
	}
	request.Body = io.NopCloser(bytes.NewReader(body))
	response, err := wire.Client{Handler: n.s.ses}.Do(request)
	if err != nil {
		return nil, err
	}
	n.s.observe(n.in, string(body), response.StatusCode == http.StatusOK)
	return response, nil
}

// loseAnswer loses an answer in one of the ways there are.
func (n network) loseAnswer(ctx context.Context, response *http.Response) (*http.Response, error) {
	n.s.note("", "its answer is lost")
	switch n.s.dice.intN("losing", 3) {
	case 0:
		<-ctx.Done()
		return nil, ctx.Err()
	case 1:
		return nil, io.ErrUnexpectedEOF
	}
	response.StatusCode = http.StatusBadGateway
	response.Body = io.NopCloser(strings.NewReader("<html>Bad Gateway</html>"))
	return response, nil
}

// travel is the way there, or the way back.
func (n network) travel(ctx context.Context) error {
	way := n.s.dice.between("way", time.Millisecond, 80*time.Millisecond)
	if n.s.under(networkSlow) {
		way = n.s.dice.between("slow way", 0, 4*time.Second)
	}
	select {
	case <-time.After(way):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// sesFault is what SES itself answers.
func (s *simulation) sesFault(call email.Call) email.Fault {
	switch {
	case call.Identity == elsewhere:
	case s.under(sesThrottles):
		return email.Fault{Code: "Throttling", Message: "Rate exceeded"}
	case s.under(sesFails):
		return one(s.dice, "failing", email.Fault{Code: "ServiceUnavailable"}, email.Fault{Code: "InternalFailure"}, email.Fault{Status: http.StatusServiceUnavailable})
	case s.under(sesDenies):
		return email.Fault{Code: one(s.dice, "denying", "AccessDenied", "ExpiredToken", "SignatureDoesNotMatch"), Status: http.StatusForbidden}
	}
	return email.Fault{}
}

// queueFault is what goes wrong with a call of the queues, the mapping's and
// the function's.
func (s *simulation) queueFault(call queue.Call) queue.Fault {
	failed := queue.Fault{Code: "InternalError", Status: http.StatusInternalServerError}
	switch call.Action {
	case "ReceiveMessage":
		switch {
		case s.under(receiveFails):
			return failed
		case s.under(receiveLost):
			s.lostReceives.Add(1)
			return queue.Fault{Hang: true, Act: true}
		}
		return queue.Fault{Before: s.dice.between("receiving", time.Millisecond, 40*time.Millisecond)}
	case "DeleteMessage":
		return s.deleteFault(failed)
	case "ChangeMessageVisibilityBatch":
		if s.under(delaysFail) {
			return one(s.dice, "delays failing", failed, queue.Fault{Hang: true}, queue.Fault{Hang: true, Act: true})
		}
	case "SendMessage":
		switch {
		case call.Queue != s.dead.Name():
		case s.under(lettersFail):
			return failed
		case s.under(lettersHang):
			return queue.Fault{Hang: true}
		case s.under(lettersForget):
			return queue.Fault{Hang: true, Act: true}
		}
	}
	return queue.Fault{}
}

// deleteFault fails a delete of the mapping.
func (s *simulation) deleteFault(failed queue.Fault) queue.Fault {
	if s.under(deleteFails) {
		return one(s.dice, "deletes failing", failed, queue.Fault{Hang: true}, queue.Fault{Hang: true, Act: true})
	}
	return queue.Fault{Before: s.dice.between("deleting", time.Millisecond, 20*time.Millisecond)}
}
