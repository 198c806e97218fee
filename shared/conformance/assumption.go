package main

import (
	"context"
	"fmt"
	"slices"
)

// Assumption is one thing that shared/local or the function takes for granted
// about a service.
type Assumption struct {
	Name      string // SERVICE/WHAT, such as "sqs/hidden-after-receive"
	Statement string
	Source    string // a page, or who saw it
	Sure      Sure
	// NotLocal is why `sespolicy local` cannot be asked: it has only the reading
	// that the statement has. Empty if it can.
	NotLocal string
	// Check asks the endpoint. It returns what it saw beyond the statement, which
	// may be nothing. The error is a *difference, an unaskable, or what a call
	// failed with.
	Check func(ctx context.Context, w *world) (observed string, err error)
}

// Sure says how an assumption is known.
type Sure string

// The ways to know, the surest first.
const (
	Documented Sure = "documented"
	Recorded   Sure = "recorded" // others saw it on AWS
	Reported   Sure = "reported" // a third party says that it verified it
	Inferred   Sure = "inferred" // follows from what is known
	Open       Sure = "open"     // nobody is known to have asked: the statement is the reading that the code takes
)

// Where AWS documents its services.
const (
	pageSES   = "https://docs.aws.amazon.com/ses/latest/APIReference/"
	pageSESv2 = "https://docs.aws.amazon.com/ses/latest/APIReference-V2/"
	pageSQS   = "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/"
	guideSQS  = "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/"
	pageSNS   = "https://docs.aws.amazon.com/sns/latest/api/"
	guideSNS  = "https://docs.aws.amazon.com/sns/latest/dg/"
	pageDDB   = "https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/"
	guideSES  = "https://docs.aws.amazon.com/ses/latest/dg/"
	guideLamb = "https://docs.aws.amazon.com/lambda/latest/dg/"
)

// recorded is the source of what LocalStack's snapshot tests recorded from AWS.
func recorded(when string) string {
	return "recorded from AWS by LocalStack's snapshot tests, " + when
}

// all are the assumptions, in the order of the report. Those about SES come
// last: at one call a second they take longest.
func all() []Assumption {
	return slices.Concat(queueVisibility(), queueMessages(), queueMoves(), topics(), events(), tables(), mappings(), identities(), policies(), oddPolicies(), pacing())
}

// difference is an answer that is not the expected one.
type difference struct{ expected, got string }

func (d *difference) Error() string { return "expected " + d.expected + ", got " + d.got }

func differs(expected, format string, got ...any) error {
	return &difference{expected, fmt.Sprintf(format, got...)}
}

// unaskable is why an assumption cannot be asked of an endpoint.
type unaskable string

func (u unaskable) Error() string { return string(u) }

// never is the check of what no call of an SDK can ask.
func never(reason string) func(context.Context, *world) (string, error) {
	return func(context.Context, *world) (string, error) { return "", unaskable(reason) }
}
