package account

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"

	"sespolicy/shared/identity"
)

const (
	// pageSize is ListEmailIdentities' maximum.
	pageSize = 1000
	// maxPages bounds the list: SES allows 10,000 identities per Region.
	maxPages = 1000
	// workers is how many identities are read at the same time.
	workers = 4
)

// Progress is called after each identity, with the number of identities read,
// the number to read, and the number of throttled calls so far.
type Progress func(done, total, throttled int)

// Reader reads one Region.
type Reader struct {
	client   *sesv2.Client
	progress Progress
}

// NewReader returns a Reader for the Region of cfg. progress may be nil.
func NewReader(cfg aws.Config, progress Progress) *Reader {
	if progress == nil {
		progress = func(int, int, int) {}
	}
	// One attempt per call: pace repeats throttled calls and slows down all of them.
	client := sesv2.NewFromConfig(cfg, func(o *sesv2.Options) { o.Retryer = aws.NopRetryer{} })
	return &Reader{client: client, progress: progress}
}

// Read reads the identities whose name matches one of the patterns (* and ?; no
// pattern: all), with all their policies. The error is that of ctx; what could
// not be read is in the contents' failures.
func (r *Reader) Read(ctx context.Context, patterns ...string) (Contents, error) {
	p := newPace()
	names, err := r.names(ctx, p, patterns)
	contents := Contents{}
	if err != nil {
		contents.Failures = append(contents.Failures, Failure{Err: err})
	}
	var mu sync.Mutex
	var running sync.WaitGroup
	work := make(chan string)
	for range min(workers, len(names)) {
		running.Go(func() {
			for name := range work {
				id, err := r.identity(ctx, p, name)
				mu.Lock()
				if err != nil {
					contents.Failures = append(contents.Failures, Failure{Identity: name, Err: err})
				} else {
					contents.Identities = append(contents.Identities, id)
				}
				r.progress(len(contents.Identities)+len(contents.Failures), len(names), p.throttled())
				mu.Unlock()
			}
		})
	}
	for _, name := range names {
		work <- name
	}
	close(work)
	running.Wait()
	contents.sort()
	return contents, ctx.Err()
}

// names lists all identities of the Region that match, even if a page fails:
// then with the error.
func (r *Reader) names(ctx context.Context, p *pace, patterns []string) ([]string, error) {
	var names []string
	seen := map[string]bool{}
	var token *string
	for range maxPages {
		var out *sesv2.ListEmailIdentitiesOutput
		err := p.call(ctx, func() (err error) {
			out, err = r.client.ListEmailIdentities(ctx, &sesv2.ListEmailIdentitiesInput{PageSize: aws.Int32(pageSize), NextToken: token})
			return err
		})
		if err != nil {
			return names, fmt.Errorf("listing the identities: %w", err)
		}
		for _, info := range out.EmailIdentities {
			name := aws.ToString(info.IdentityName)
			if !seen[name] && matches(name, patterns) {
				names = append(names, name)
			}
			seen[name] = true
		}
		if aws.ToString(out.NextToken) == "" {
			return names, nil
		}
		token = out.NextToken
	}
	return names, errors.New("listing the identities: the list does not end")
}

func (r *Reader) identity(ctx context.Context, p *pace, name string) (Identity, error) {
	var out *sesv2.GetEmailIdentityOutput
	err := p.call(ctx, func() (err error) {
		out, err = r.client.GetEmailIdentity(ctx, &sesv2.GetEmailIdentityInput{EmailIdentity: aws.String(name)})
		return err
	})
	if err != nil {
		return Identity{}, fmt.Errorf("reading identity %s: %w", name, err)
	}
	id := Identity{Name: name}
	for policyName, text := range out.Policies {
		id.Policies = append(id.Policies, Policy{Name: policyName, Text: text})
	}
	slices.SortFunc(id.Policies, func(a, b Policy) int { return strings.Compare(a.Name, b.Name) })
	return id, nil
}

func matches(name string, patterns []string) bool {
	id, err := identity.Parse(name)
	if err != nil {
		id = identity.Identity{Name: name}
	}
	return len(patterns) == 0 || slices.ContainsFunc(patterns, id.Matches)
}
