package main

import "slices"

// Assumption is one thing that shared/local or the function takes for granted
// about a service.
type Assumption struct {
	Name      string // SERVICE/WHAT, such as "sqs/hidden-after-receive"
	Sure      Sure
	Source    string // a page, or who saw it
	Statement string
	Ask       func(*check)
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
	return slices.Concat(visibility, messages, moves, topics, answers, tables, mapping, identities, policies, oddPolicies, pacing)
}

// never is the check of what no call of an SDK can ask.
func never(reason string) func(*check) { return func(c *check) { c.cannot(reason) } }

// notLocal is a check that sespolicy local cannot be asked: it has only the
// reading that the statement has.
func notLocal(reason string, ask func(*check)) func(*check) {
	return func(c *check) {
		if c.kind == onLocal {
			c.cannot(reason)
		}
		ask(c)
	}
}
