package main

import (
	"bytes"
	"cmp"
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"sespolicy/shared/apply"
	"sespolicy/shared/local/bus"
	"sespolicy/shared/local/states"
	"sespolicy/shared/local/table"
	"sespolicy/shared/local/wire"
)

// endpoint is where everything is; nothing ever connects to it.
const endpoint = "http://127.0.0.1:4566"

// network is the way from one instance to AWS and back: the HTTP client of its
// SDK clients. It takes its time, and whatever goes wrong with a call goes wrong
// here, or at the service that it is for.
type network struct {
	s  *simulation
	in *instance
}

// outgoing is a call of an instance.
type outgoing struct {
	*http.Request
	body   []byte
	during *invocation
	items  []writtenItem // of a write of the ledger
}

// send has a service answer the call, for a caller that may be gone.
func (c outgoing) send(ctx context.Context, service http.Handler) (*http.Response, error) {
	request := c.Clone(ctx)
	request.Body = io.NopCloser(bytes.NewReader(c.body))
	return wire.Client{Handler: service}.Do(request)
}

// Do makes one call.
func (n network) Do(request *http.Request) (*http.Response, error) {
	c := outgoing{Request: request, during: n.in.running}
	if request.Body != nil {
		var err error
		if c.body, err = io.ReadAll(request.Body); err != nil {
			return nil, err
		}
	}
	if strings.HasPrefix(request.Header.Get("X-Amz-Target"), table.TargetPrefix) {
		c.items = writtenItems(c.body)
	}
	v := c.during
	v.calls++
	if v.calls == v.breaksAt {
		if v.sends {
			n.abandon(c)
		}
		n.s.breakOff(v)
	}
	switch target := request.Header.Get("X-Amz-Target"); {
	case request.Method == http.MethodPut:
		return n.call(c, n.s.bucket)
	case target == "":
		return n.callSES(c)
	case strings.HasPrefix(target, table.TargetPrefix):
		return n.callTable(c)
	case strings.HasPrefix(target, states.TargetPrefix):
		return n.call(c, n.s.tasks)
	case strings.HasPrefix(target, bus.TargetPrefix):
		return n.call(c, n.s.bus)
	}
	return n.call(c, n.s.queues)
}

// abandon sends the call of an instance that is about to end: it arrives now, or
// later if the order of such calls matters.
func (n network) abandon(c outgoing) {
	target := c.Header.Get("X-Amz-Target")
	switch {
	case c.Method == http.MethodPut:
		_, _ = n.call(c, n.s.bucket) // nobody is there to be told
	case target == "":
		n.s.delay(c, 4*time.Minute)
	case strings.HasPrefix(target, table.TargetPrefix):
		n.s.delay(c, 10*time.Second)
	case strings.HasPrefix(target, states.TargetPrefix):
		_, _ = n.call(c, n.s.tasks)
	case strings.HasPrefix(target, bus.TargetPrefix):
		_, _ = n.call(c, n.s.bus)
	default:
		_, _ = n.call(c, n.s.queues)
	}
}

// call makes a call of a service that answers at once.
func (n network) call(c outgoing, service http.Handler) (*http.Response, error) {
	if err := n.travel(c.Context()); err != nil {
		return nil, err
	}
	response, err := c.send(c.Context(), service)
	if err != nil {
		return nil, err
	}
	return response, n.travel(c.Context())
}

// callSES makes a call of SES. What SES does is done by its own fake; whether
// the call gets there, and the answer back, is decided here.
func (n network) callSES(c outgoing) (*http.Response, error) {
	ctx, s := c.Context(), n.s
	if left := time.Until(c.during.deadline); left < apply.AttemptTimeout {
		s.violate(ruleDeadline, "", "a call of SES began %v before the deadline, and may take %v", left, apply.AttemptTimeout)
	}
	s.overtake(c.during.records)
	if s.without == lookups && bytes.Contains(c.body, []byte("GetIdentityPolicies")) {
		return httpAnswer(http.StatusOK, sesResult("GetIdentityPolicies", "<Policies/>")), nil
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
	case s.under(sesDelays):
		s.delay(c, 4*time.Minute)
		<-ctx.Done()
		return nil, ctx.Err()
	}
	n.arrive()
	response, made, err := s.serve(ctx, c, c.during.intent, false)
	if err != nil {
		return nil, err
	}
	if s.under(sesForgets) {
		return n.loseAnswer(ctx, response)
	}
	err = n.travel(ctx)
	if made != nil && err == nil {
		made.answered = true
	}
	return response, err
}

// arrive holds the instance to its pace.
func (n network) arrive() {
	now, before := time.Now(), len(n.in.arrived)-1
	if before >= 0 && now.Sub(n.in.arrived[before]) < time.Second {
		n.s.violate(rulePace, "", "instance %d called SES twice within %v", n.in.number, now.Sub(n.in.arrived[before]))
	}
	n.in.arrived = append(n.in.arrived, now)
}

// serve has SES do what is asked, and notes it.
func (s *simulation) serve(ctx context.Context, c outgoing, of *intent, late bool) (*http.Response, *act, error) {
	form, err := url.ParseQuery(string(c.body))
	if err != nil {
		return nil, nil, err
	}
	identity, name := form.Get("Identity"), cmp.Or(form.Get("PolicyName"), form.Get("PolicyNames.member.1"))
	before := s.ses.Policies()[identity][name]
	response, err := c.send(ctx, s.ses)
	if form.Get("Action") == "GetIdentityPolicies" {
		c.during.looked[identity+"/"+name] = before
		return response, nil, err
	}
	if err != nil {
		return nil, nil, err
	}
	return response, s.observe(c.during, of, form, before, response.StatusCode == http.StatusOK, late), nil
}

// delay has a call arrive after its caller gave up.
func (s *simulation) delay(c outgoing, within time.Duration) {
	of := c.during.intent
	if c.Header.Get("X-Amz-Target") != "" {
		s.postpone(nil, within, func() { _, _ = s.serveTable(context.Background(), c) }) // nobody is there to be told
		return
	}
	if of == nil {
		return // it only looks
	}
	s.postpone(of.by, within, func() { _, _, _ = s.serve(context.Background(), c, of, true) })
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

// callTable makes a call of the ledger.
func (n network) callTable(c outgoing) (*http.Response, error) {
	ctx, s := c.Context(), n.s
	action := strings.TrimPrefix(c.Header.Get("X-Amz-Target"), table.TargetPrefix)
	writes := action == "TransactWriteItems"
	s.intends(c.during, c.items)
	if s.under(tableSlow) {
		if err := n.pass(ctx, s.dice.between("slow ledger", 0, 4*time.Second)); err != nil {
			return n.strike(c, nil, err)
		}
	}
	if err := n.travel(ctx); err != nil {
		return n.strike(c, nil, err)
	}
	switch {
	case s.under(tableDown):
		return n.strike(c, nil, io.ErrUnexpectedEOF)
	case writes && s.under(tableDelays):
		s.delay(c, 10*time.Second)
		<-ctx.Done()
		return n.strike(c, nil, ctx.Err())
	case writes && s.under(tableRefuses):
		return n.strike(c, refusal(s.dice, c.body), nil)
	case !writes && s.under(tableSkips):
		return n.strike(c, unprocessed(c.body), nil)
	}
	response, err := s.serveTable(ctx, c)
	if err != nil {
		return n.strike(c, nil, err)
	}
	if writes && s.under(tableForgets) {
		s.note("", "the ledger's answer is lost")
		response, err = n.loseAnswer(ctx, response)
		return n.strike(c, response, err)
	}
	if err := n.travel(ctx); err != nil {
		return n.strike(c, nil, err)
	}
	return response, nil
}

// strike notes that a call of the ledger failed.
func (n network) strike(c outgoing, response *http.Response, err error) (*http.Response, error) {
	c.during.struck = true
	return response, err
}

// serveTable has the ledger's table do what is asked, and notes what it took.
func (s *simulation) serveTable(ctx context.Context, c outgoing) (*http.Response, error) {
	response, err := c.send(ctx, s.tables)
	if err == nil && response.StatusCode == http.StatusOK {
		s.settles(c.during, c.items)
	}
	return response, err
}

// travel is the way there, or the way back.
func (n network) travel(ctx context.Context) error {
	way := n.s.dice.between("way", time.Millisecond, 80*time.Millisecond)
	if n.s.under(networkSlow) {
		way = n.s.dice.between("slow way", 0, 4*time.Second)
	}
	return n.pass(ctx, way)
}

// pass lets time pass, unless the caller gives up before.
func (n network) pass(ctx context.Context, way time.Duration) error {
	if !wire.Wait(ctx, way) {
		return ctx.Err()
	}
	return nil
}
