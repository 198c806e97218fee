package main

import (
	"context"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ses"
	"golang.org/x/time/rate"

	"sespolicy/shared/local/email"
)

// contender is a way to bring requests to SES.
type contender struct {
	name  string
	drain func(ctx context.Context, seed uint64) (drained, error)
	runs  []drained
}

// contenders are ours, with the executable given, and what people would write
// instead. The last one is no burst: its requests come one by one, with more than
// the pause after a call between them.
func contenders(bootstrap string) []contender {
	standard := func() aws.Retryer { return retry.NewStandard() }
	adaptive := func() aws.Retryer { return retry.NewAdaptiveMode() }
	return []contender{
		batches("this project, batch after batch", bootstrap, distinct(burst), 10, 0),
		mapped("this project, with the event source mapping", bootstrap),
		workers("one worker, x/time/rate at 1/s from start to start", 1, standard, rate.Every(interval)),
		workers("one worker, the SDK's adaptive retryer", 1, adaptive, rate.Inf),
		workers("ten workers, the SDK's default retryer", 10, standard, rate.Inf),
		batches("this project, one by one", bootstrap, distinct(singles), 1, 2*interval),
	}
}

// workers has so many workers share the requests and one client. A request whose
// call ends with an error is given up.
func workers(name string, many int, retryer func() aws.Retryer, limit rate.Limit) contender {
	return contender{name: name, drain: func(ctx context.Context, seed uint64) (drained, error) {
		server := email.New(email.Config{MinInterval: interval})
		server.SetFault(latencies(seed))
		front := httptest.NewServer(server)
		defer front.Close()
		client := ses.New(ses.Options{Region: "us-east-1", BaseEndpoint: aws.String(front.URL), Retryer: retryer(),
			Credentials: credentials.NewStaticCredentialsProvider("local", "local", "")})
		limiter := rate.NewLimiter(limit, 1)

		work := make(chan request, burst)
		for _, r := range distinct(burst) {
			work <- r
		}
		close(work)
		var givenUp atomic.Int32
		var running sync.WaitGroup
		begun := time.Now()
		for range many {
			running.Go(func() {
				for r := range work {
					if limiter.Wait(ctx) != nil {
						return
					}
					_, err := client.PutIdentityPolicy(ctx, &ses.PutIdentityPolicyInput{
						Identity: aws.String(r.Identity), PolicyName: aws.String(r.Name), Policy: aws.String(r.Policy)})
					if err != nil {
						givenUp.Add(1)
					}
				}
			})
		}
		running.Wait()
		d := drained{GivenUp: int(givenUp.Load())}
		d.finish(begun, server.Calls())
		return d, ctx.Err()
	}}
}
