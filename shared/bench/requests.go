package main

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"sespolicy/shared/local/email"
)

const (
	burst    = 60 // requests at once
	singles  = 20 // requests that come one by one
	interval = time.Second
	// An answer of SES takes between these, half of it on the way there and
	// half on the way back.
	fastest = 20 * time.Millisecond
	slowest = 80 * time.Millisecond
	// ideal is what a caller needs who knows when SES will take each call: it
	// is the least that any caller can need.
	ideal = (burst-1)*interval + (fastest+slowest)/2
)

// request is one policy to put.
type request struct{ Identity, Name, Policy string }

// distinct returns requests, each for another policy.
func distinct(many int) []request {
	list := make([]request, many)
	for n := range list {
		identity := fmt.Sprintf("domain%02d.example.com", n)
		list[n] = request{Identity: identity, Name: "Newsletter", Policy: fmt.Sprintf(
			`{"Version":"2012-10-17","Statement":[{"Sid":"Newsletter","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},`+
				`"Action":["ses:SendEmail","ses:SendRawEmail"],"Resource":"arn:aws:ses:us-east-1:123456789012:identity/%s"}]}`, identity)}
	}
	return list
}

// body is the request as a message on the queue.
func (r request) body() string {
	return fmt.Sprintf(`{"Identity":%q,"PolicyName":%q,"Policy":%s}`, r.Identity, r.Name, r.Policy)
}

// latencies makes an SES take the nth of a row of random times for the nth
// call: the same seed is the same row for every contender.
func latencies(seed uint64) func(email.Call) email.Fault {
	var mu sync.Mutex
	random := rand.New(rand.NewPCG(seed, 2))
	return func(email.Call) email.Fault {
		mu.Lock()
		defer mu.Unlock()
		half := (fastest + time.Duration(random.Int64N(int64(slowest-fastest)))) / 2
		return email.Fault{Before: half, After: half}
	}
}
