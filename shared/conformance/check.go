package main

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// check asks one assumption. Its methods end it, as those of testing.T end a
// test, when a call fails or an answer is not the expected one.
type check struct {
	*world
	ctx    context.Context
	name   string // of what it makes, within the run's prefix
	result *Result
}

// ended is what a check that ends early panics with. Only ask recovers it.
type ended struct{}

// The verdicts on an assumption.
const (
	holds       = "holds"
	differing   = "differs"
	cannotAsk   = "cannot be asked"
	interrupted = "interrupted"
)

// Result is what became of one assumption.
type Result struct {
	Name      string `json:"name"`
	Statement string `json:"statement"`
	Source    string `json:"source"`
	Sure      Sure   `json:"sure"`
	Verdict   string `json:"verdict"`
	Expected  string `json:"expected,omitzero"`
	Got       string `json:"got,omitzero"`
	Reason    string `json:"reason,omitzero"`   // why it cannot be asked
	Observed  string `json:"observed,omitzero"` // what was seen beyond the statement
}

// ask checks one assumption.
func ask(ctx context.Context, w *world, a Assumption) (r Result) {
	r = Result{Name: a.Name, Statement: a.Statement, Source: a.Source, Sure: a.Sure, Verdict: holds}
	c := &check{world: w, ctx: ctx, name: strings.ReplaceAll(a.Name, "/", "-"), result: &r}
	defer func() {
		if stopped := recover(); stopped != nil && stopped != (ended{}) {
			panic(stopped)
		}
	}()
	c.must(ctx.Err())
	a.Ask(c)
	return r
}

// end ends the check.
func (c *check) end(verdict string) {
	c.result.Verdict = verdict
	panic(ended{})
}

// cannot ends a check that this endpoint cannot be asked.
func (c *check) cannot(reason string) {
	c.result.Reason = reason
	c.end(cannotAsk)
}

// differs ends a check whose answer is not the expected one.
func (c *check) differs(expected, format string, got ...any) {
	c.result.Expected, c.result.Got = expected, fmt.Sprintf(format, got...)
	c.end(differing)
}

// want ends the check if an answer is not the expected one.
func (c *check) want(as bool, expected, format string, got ...any) {
	if !as {
		c.differs(expected, format, got...)
	}
}

// must ends the check if a call failed.
func (c *check) must(err error) {
	switch {
	case err == nil:
	case c.ctx.Err() != nil:
		c.end(interrupted)
	case notServed(err):
		c.cannot("the endpoint does not serve it: " + brief(err))
	case slices.Contains(denied, code(err)):
		c.cannot("the credentials may not ask it: " + brief(err))
	default:
		c.differs("success", "%s", brief(err))
	}
}

// refused ends the check unless a call was refused with one of the codes.
func (c *check) refused(err error, codes ...string) {
	expected := strings.Join(codes, " or ")
	switch {
	case err == nil:
		c.differs(expected, "success")
	case code(err) == "" || notServed(err) || slices.Contains(denied, code(err)):
		c.must(err)
	case !slices.Contains(codes, code(err)):
		c.differs(expected, "%s", brief(err))
	}
}

// refusedAs is refused for a code with an HTTP status.
func (c *check) refusedAs(err error, want int, code string) {
	c.refused(err, code)
	c.want(status(err) == want, fmt.Sprintf("HTTP %d %s", want, code), "HTTP %d", status(err))
}

// invalid are the codes of SQS for a parameter with a wrong value, in the JSON and
// in the Query protocol.
var invalid = []string{"InvalidParameterValue", "InvalidParameterValueException"}

// observe notes what was seen beyond the statement.
func (c *check) observe(format string, seen ...any) { c.result.Observed = fmt.Sprintf(format, seen...) }

// pause waits.
func (c *check) pause(d time.Duration) { c.must(c.world.pause(c.ctx, d)) }

// call makes a call that must succeed.
func call[In, Out, Options any](c *check, operation func(context.Context, In, ...func(Options)) (Out, error), in In, options ...func(Options)) Out {
	out, err := operation(c.ctx, in, options...)
	c.must(err)
	return out
}

// failure is the error of a call.
func failure[In, Out, Options any](c *check, operation func(context.Context, In, ...func(Options)) (Out, error), in In, options ...func(Options)) error {
	_, err := operation(c.ctx, in, options...)
	return err
}

// denied are the codes of a caller without the permission.
var denied = []string{"AccessDenied", "AccessDeniedException", "AuthorizationError", "AuthorizationErrorException", "UnauthorizedOperation"}

// notServed reports whether an emulator lacks the action: it says so, or answers
// a 5xx that is no answer of AWS.
func notServed(err error) bool {
	served := []string{"InvalidAction", "UnknownOperationException", "NotImplemented", "NotImplementedException", "InternalFailure", "UnrecognizedClientException"}
	return slices.Contains(served, code(err)) && status(err) != http.StatusServiceUnavailable ||
		status(err) == http.StatusNotImplemented || status(err) >= http.StatusInternalServerError && code(err) == ""
}
