package main

import (
	"time"

	"github.com/aws/aws-lambda-go/cfn"
	lru "github.com/hashicorp/golang-lru/v2"
)

// marksKept limits the number of marks, to about 2 MB. An identity has at most 20
// policies, so it covers 500 identities.
const marksKept = 10_000

// marks remembers, for the policies applied last, when the request that SES took
// was sent, so that a delayed older request is recognised in a later batch.
//
// It is one instance's memory, so the order across instances is best effort.
type marks struct {
	sent *lru.Cache[string, time.Time]
}

func newMarks() *marks {
	cache, err := lru.New[string, time.Time](marksKept)
	if err != nil {
		panic(err) // only a size below one is refused
	}
	return &marks{sent: cache}
}

// overtaken reports whether a newer request was applied for the request's key, or
// its stack's resource was deleted since: if another resource of the stack fails,
// CloudFormation cancels a waiting create, and the Delete, with an id generated
// by CloudFormation, may arrive first.
func (m *marks) overtaken(r *request) bool {
	return m.newer(r.Request.Key(), r) || m.newer(resource(r), r)
}

func (m *marks) newer(key string, r *request) bool {
	applied, ok := m.sent.Get(key)
	return ok && applied.After(r.Sent)
}

// applied notes that r has taken effect.
func (m *marks) applied(r *request) {
	if !r.Request.Nothing {
		m.sent.Add(r.Request.Key(), r.Sent)
	}
	if r.CloudFormation != nil && r.CloudFormation.RequestType == cfn.RequestDelete {
		m.sent.Add(resource(r), r.Sent)
	}
}

// resource names the stack's resource that a request is for; empty if it is for
// none. No policy's key has a space.
func resource(r *request) string {
	if r.CloudFormation == nil {
		return ""
	}
	return r.CloudFormation.StackID + " " + r.CloudFormation.LogicalResourceID
}
