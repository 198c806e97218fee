package main

import (
	"fmt"

	"github.com/aws/aws-lambda-go/cfn"
)

// smallRequest is a request of a small world.
type smallRequest struct {
	sent    int    // seconds from the beginning
	name    string // of the policy; the identity is always example.com
	text    int    // which policy; 0 for a delete
	stack   string // its stack; empty for a bare request
	logical string
	kind    cfn.RequestType
	from    string // the physical id
	adopt   bool
}

// smallScenario is a small world at its beginning.
type smallScenario struct {
	name     string
	requests []smallRequest
	has      map[string]int // SES at the beginning, by policy name
	cleanups int            // changes that clean up, beside one for each request
	first    int            // how many requests have ended before the others are sent
	twice    bool           // every message is delivered at least twice
	more     bool           // only with -more-worlds
	want     []string       // what may be in the end; see ended
}

// policyNumber is a policy like no other.
func policyNumber(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Sid":"r%d","Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"ses:SendEmail","Resource":%q}]}`,
		n, identityARN("example.com"))
}

func (r smallRequest) body() string {
	properties := fmt.Sprintf(`"Identity":"example.com","PolicyName":%q`, r.name)
	if r.text > 0 {
		properties += `,"Policy":` + policyNumber(r.text)
	}
	if r.stack == "" {
		if r.text == 0 {
			properties = `"Action":"DeleteIdentityPolicy",` + properties
		}
		return "{" + properties + "}"
	}
	if r.adopt {
		properties += `,"AdoptExisting":"true"`
	}
	id := r.id()
	physical := ""
	if r.kind != cfn.RequestCreate {
		physical = fmt.Sprintf(`"PhysicalResourceId":%q,`, r.from)
	}
	return fmt.Sprintf(`{"RequestType":%q,"RequestId":%q,"ResponseURL":"https://cloudformation-custom-resource-response-useast1.s3.amazonaws.com/%s","StackId":%q,"ResourceType":"Custom::SesPolicy","LogicalResourceId":%q,%s"ResourceProperties":{"ServiceToken":"arn:aws:sns:us-east-1:123456789012:RequestTopic",%s}}`,
		r.kind, id, id, stackARN(r.stack), r.logical, physical, properties)
}

// id is the RequestId.
func (r smallRequest) id() string { return fmt.Sprintf("%s-%s-%d", r.stack, r.logical, r.sent) }

func stackARN(name string) string {
	return "arn:aws:cloudformation:us-east-1:123456789012:stack/" + name + "/5b918d10-cd98-11ea-90d5-0a9cd3354c10"
}

func put1(sent, text int) smallRequest      { return smallRequest{sent: sent, name: "P", text: text} }
func delete1(sent int) smallRequest         { return smallRequest{sent: sent, name: "P"} }
func of(stack, logical string) smallRequest { return smallRequest{stack: stack, logical: logical} }

func (r smallRequest) creates(sent int, name string, text int) smallRequest {
	r.kind, r.sent, r.name, r.text = cfn.RequestCreate, sent, name, text
	return r
}

func (r smallRequest) updates(sent int, from, name string, text int) smallRequest {
	r.kind, r.sent, r.from, r.name, r.text = cfn.RequestUpdate, sent, "example.com/"+from, name, text
	return r
}

func (r smallRequest) deletes(sent int, physical string) smallRequest {
	r.kind, r.sent, r.from = cfn.RequestDelete, sent, physical
	return r
}

func (r smallRequest) adopts() smallRequest {
	r.adopt = true
	return r
}

var (
	stackA, stackB = of("A", "R"), of("B", "R")
	renamedA       = of("A", "Renamed")
)

// smallScenarios are the worlds with two requests. Where a stack's end may be one
// of several, it depends on which request was decided first; CloudFormation sends
// the second of one stack only after it gave up the first.
var smallScenarios = []smallScenario{
	{name: "two puts", twice: true, requests: []smallRequest{put1(1, 1), put1(2, 2)}, want: []string{"P=2"}},
	{name: "a put and a later delete", twice: true, requests: []smallRequest{put1(1, 1), delete1(2)}, want: []string{""}},
	{name: "a delete and a later put", requests: []smallRequest{delete1(1), put1(2, 2)}, has: map[string]int{"P": 9}, want: []string{"P=2"}},
	{name: "a create and its undoing", requests: []smallRequest{stackA.creates(1, "P", 1), stackA.deletes(2, "nothing-made-for-R")}, want: []string{" S S", " F S"}},
	{name: "a create and its delete", requests: []smallRequest{stackA.creates(1, "P", 1), stackA.deletes(2, "example.com/P")}, want: []string{" S S", " F S"}},
	{name: "a create on a policy of somebody else, and its undoing", has: map[string]int{"P": 9}, requests: []smallRequest{stackA.creates(1, "P", 1), stackA.deletes(2, "nothing-made-for-R")}, want: []string{"P=9 F S"}},
	{name: "a create that adopts, and its delete", has: map[string]int{"P": 9}, requests: []smallRequest{stackA.creates(1, "P", 1).adopts(), stackA.deletes(2, "example.com/P")}, want: []string{" S S", " F S"}},
	{name: "two stacks create one policy", requests: []smallRequest{stackA.creates(1, "P", 1), stackB.creates(2, "P", 2)}, want: []string{"P=1 S F", "P=2 F S"}},
	{name: "a create and another stack's delete", requests: []smallRequest{stackA.creates(1, "P", 1), stackB.deletes(2, "example.com/P")}, want: []string{"P=1 S S", " F S"}}, // without a record, the true id decides
	{name: "a create and a later put", requests: []smallRequest{stackA.creates(1, "P", 1), put1(2, 2)}, want: []string{"P=1 S", "P=2 F"}},
	{name: "a put and a later create", requests: []smallRequest{put1(1, 1), stackA.creates(2, "P", 2)}, want: []string{"P=1 F", "P=2 S"}},
	{name: "a create and an update", requests: []smallRequest{stackA.creates(1, "P", 1), stackA.updates(2, "P", "P", 2)}, want: []string{"P=2 S S", "P=2 F S"}},
	{name: "a create and one under another logical id", requests: []smallRequest{stackA.creates(1, "P", 1), renamedA.creates(2, "P", 2)}, want: []string{"P=2 S S", "P=1 S F", "P=2 F S"}},
	{name: "a replacement and its rollback", has: map[string]int{"P": 1}, cleanups: 1, requests: []smallRequest{stackA.updates(1, "P", "Q", 2), stackA.updates(2, "P", "P", 3)}, want: []string{"P=3 S S", "P=3 F S"}},
	{name: "a rename and its rollback", first: 1, requests: []smallRequest{stackA.creates(1, "P", 1), renamedA.creates(2, "P", 2), renamedA.deletes(3, "nothing-made-for-Renamed")}, want: []string{"P=1 S S S", "P=1 S F S"}},
	{name: "three puts", more: true, requests: []smallRequest{put1(1, 1), put1(2, 2), put1(3, 3)}, want: []string{"P=3"}},
	{name: "a put, a delete and a put", more: true, requests: []smallRequest{put1(1, 1), delete1(2), put1(3, 3)}, want: []string{"P=3"}},
	{name: "a create, an update and a delete", more: true, requests: []smallRequest{stackA.creates(1, "P", 1), stackA.updates(2, "P", "P", 2), stackA.deletes(3, "example.com/P")}, want: []string{" S S S", " F S S"}},
}
