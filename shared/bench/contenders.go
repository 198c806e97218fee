package main

import (
	"context"
	"net/http/httptest"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ses"
	"golang.org/x/time/rate"

	"sespolicy/shared/local/email"
)

// contender is a way to bring a burst to SES.
type contender struct {
	Name  string
	drain drainer
}

type drainer func(ctx context.Context, seed uint64, requests []request) (drained, error)

// contenders are ours, with the executable given, and what people would write
// instead.
func contenders(bootstrap string) []contender {
	return []contender{
		{"this project, batch after batch", func(ctx context.Context, seed uint64, requests []request) (drained, error) {
			return drainBatches(ctx, bootstrap, seed, requests, 10, 0)
		}},
		{"this project, with the event source mapping", func(ctx context.Context, seed uint64, requests []request) (drained, error) {
			return drainMapped(ctx, bootstrap, seed, requests)
		}},
		{"one worker, x/time/rate at 1/s from start to start", func(ctx context.Context, seed uint64, requests []request) (drained, error) {
			return drainWorkers(ctx, seed, requests, 1, retry.NewStandard(), rate.NewLimiter(rate.Every(interval), 1))
		}},
		{"one worker, the SDK's adaptive retryer", func(ctx context.Context, seed uint64, requests []request) (drained, error) {
			return drainWorkers(ctx, seed, requests, 1, retry.NewAdaptiveMode(), nil)
		}},
		{"ten workers, the SDK's default retryer", func(ctx context.Context, seed uint64, requests []request) (drained, error) {
			return drainWorkers(ctx, seed, requests, 10, retry.NewStandard(), nil)
		}},
	}
}

// drainWorkers has so many workers share the requests and one client. A request
// whose call ends with an error is given up.
func drainWorkers(ctx context.Context, seed uint64, requests []request, workers int, retryer aws.Retryer, limiter *rate.Limiter) (drained, error) {
	server := email.New(email.Config{MinInterval: interval})
	server.SetFault(latencies(seed))
	front := httptest.NewServer(server)
	defer front.Close()
	client := ses.New(ses.Options{Region: "us-east-1", BaseEndpoint: aws.String(front.URL), Retryer: retryer,
		Credentials: credentials.NewStaticCredentialsProvider("local", "local", "")})

	work := make(chan request, len(requests))
	for _, r := range requests {
		work <- r
	}
	close(work)
	var d drained
	var mu sync.Mutex
	var running sync.WaitGroup
	begun := time.Now()
	for range workers {
		running.Go(func() {
			for r := range work {
				if limiter != nil && limiter.Wait(ctx) != nil {
					return
				}
				_, err := client.PutIdentityPolicy(ctx, &ses.PutIdentityPolicyInput{
					Identity: aws.String(r.Identity), PolicyName: aws.String(r.Name), Policy: aws.String(r.Policy)})
				if err != nil {
					mu.Lock()
					d.GivenUp++
					mu.Unlock()
				}
			}
		})
	}
	running.Wait()
	d.Took = time.Since(begun)
	d.read(begun, server.Calls())
	return d, ctx.Err()
}
