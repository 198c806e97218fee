// Package plan finds out what sending requests would change of the policies of an
// account, by meaning, and what of it would be refused.
//
// It reads nothing and sends nothing.
package plan

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/arn"

	"sespolicy/shared/account"
	"sespolicy/shared/account/meaning"
	"sespolicy/shared/examine"
	"sespolicy/shared/guardrail"
	"sespolicy/shared/identity"
	"sespolicy/shared/ledger"
	"sespolicy/shared/message"
	"sespolicy/shared/printout"
)

// Change is what sending one request would change, for people and programs.
type Change struct {
	Action     string             `json:"action"` // put or delete
	Region     string             `json:"region"`
	Identity   string             `json:"identity"`
	PolicyName string             `json:"policyName"`
	Before     *string            `json:"before"` // the policy as it is; null if there is none
	After      *string            `json:"after"`  // as it would be
	Refused    []printout.Finding `json:"refused"`
	Note       string             `json:"note,omitempty"`
	Partition  string             `json:"-"`
	Request    examine.Request    `json:"-"`
}

// Opened is a request of a file, opened, for one Region.
type Opened struct {
	examine.Request
	message message.Message
	region  *account.Region
}

// Name is the name of the identity that the request is about.
func (o Opened) Name() string { return o.message.Request.Identity.Name }

// Planner finds out what requests would change in some Regions of an account.
type Planner struct {
	Regions []*account.Region // the first is that of identities by name
	// Guardrail and Protects are what the deployment refuses.
	Guardrail *guardrail.Guardrail
	Protects  bool   // PROTECT_STACK_POLICIES
	Prune     string // the pattern of names of policies that no request names and that go; empty for none
}

// Open opens the requests. Of several for one policy the last counts, as it
// would when all are sent. The error has those that are no requests for the
// account, and the others are returned all the same.
func (p *Planner) Open(requests []examine.Request) ([]Opened, error) {
	var all []Opened
	var failed []error
	place := map[string]int{}
	for _, request := range requests {
		one, err := p.openOne(request)
		if err != nil {
			failed = append(failed, err)
			continue
		}
		if one.message.Request.Nothing {
			continue
		}
		key := one.region.Owner.Region + "\n" + one.message.Request.Key()
		if i, again := place[key]; again {
			all[i] = one
			continue
		}
		place[key] = len(all)
		all = append(all, one)
	}
	return all, errors.Join(failed...)
}

// openOne opens a request in the Region of its identity: that of an ARN, else
// the deployment's.
func (p *Planner) openOne(request examine.Request) (Opened, error) {
	region := p.Regions[0]
	if id := IdentityOf(request); id.Region != "" {
		i := slices.IndexFunc(p.Regions, func(r *account.Region) bool { return r.Owner.Region == id.Region })
		switch {
		case i < 0:
			return Opened{}, fmt.Errorf("%s: the identity is in %s, which is not read", request.File, id.Region)
		case id.Account != region.Owner.Account:
			return Opened{}, fmt.Errorf("%s: the identity is in account %s, not in %s", request.File, id.Account, region.Owner.Account)
		}
		region = p.Regions[i]
	}
	m, _, _ := request.Open(QueueARN(region.Owner))
	if m.Request.Identity.Name == "" || m.Request.PolicyName == "" && !m.Request.Nothing {
		return Opened{}, fmt.Errorf("%s is not a request for a policy: sespolicy check says what is wrong", request.Name)
	}
	return Opened{request, m, region}, nil
}

// IdentityOf is the identity as a request names it.
func IdentityOf(request examine.Request) identity.Identity {
	m, _, _ := request.Open("")
	return m.Request.Identity
}

// QueueARN stands for the request queue of an owner, which says whose identities
// requests are for.
func QueueARN(o identity.Owner) string {
	return arn.ARN{Partition: o.Partition, Service: "sqs", Region: o.Region, AccountID: o.Account, Resource: "RequestQueue"}.String()
}

// Changes compares requests with what was read.
func (p *Planner) Changes(requests []Opened) []Change {
	changes := []Change{}
	for _, one := range requests {
		if c, differs := p.change(one); differs {
			changes = append(changes, c)
		}
	}
	changes = append(changes, p.pruned(requests)...)
	slices.SortStableFunc(changes, func(a, b Change) int {
		return cmp.Or(strings.Compare(a.Region, b.Region), strings.Compare(a.Identity, b.Identity), strings.Compare(a.PolicyName, b.PolicyName))
	})
	return changes
}

// change is what a request changes. What could not be read is no change, and an
// error elsewhere.
func (p *Planner) change(one Opened) (Change, bool) {
	r, request := one.region, one.message.Request
	name := request.Identity.Name
	if r.Unread(name) {
		return Change{}, false
	}
	id, owned := r.Contents.Find(name)
	current, exists := id.Policy(request.PolicyName)
	c := Change{Action: "put", Region: r.Owner.Region, Identity: name, PolicyName: request.PolicyName, Partition: r.Owner.Partition, Request: one.Request}
	if exists {
		c.Before = &current.Text
	}
	switch {
	case request.Action == message.Delete && !exists:
		return Change{}, false
	case request.Action == message.Delete:
		c.Action = "delete"
	case exists && meaning.Equal(current.Text, request.Policy, r.Owner.Partition):
		return Change{}, false
	default:
		c.After = &request.Policy
	}
	if !owned {
		c.Note = "the account has no identity " + name + " in " + r.Owner.Region
	}
	c.Refused = p.refused(one)
	return c, true
}

// refused is what the function would refuse of a request.
func (p *Planner) refused(one Opened) []printout.Finding {
	e := &examine.Examiner{Guardrail: p.Guardrail, QueueARN: QueueARN(one.region.Owner), Owner: one.region.Owner, OwnAccount: true}
	file := printout.NewFile(one.File, one.Text, e.Request(&one.Entry))
	refused := slices.DeleteFunc(file.List(), func(f printout.Finding) bool { return f.Level != "error" })
	record, _ := one.region.Record(one.Name(), one.message.Request.PolicyName)
	if p.Protects && record.Owner != nil && one.message.CloudFormation == nil {
		refused = append(refused, printout.Finding{File: one.File, Rule: guardrail.ProtectStackPolicies, Code: ledger.OwnedByStack, Level: "error",
			Message: "the policy belongs to the " + account.OwnerWords(record), Hint: "change it in that stack, or release it first: sespolicy release " + one.Name() + " " + one.message.Request.PolicyName})
	}
	return refused
}

// pruned are the deletions of policies that match the pattern and that no
// request names.
func (p *Planner) pruned(requests []Opened) []Change {
	if p.Prune == "" {
		return nil
	}
	named := map[string]bool{}
	for _, one := range requests {
		named[one.region.Owner.Region+"\n"+one.message.Request.Key()] = true
	}
	var changes []Change
	for _, r := range p.Regions {
		for _, id := range r.Contents.Identities {
			for _, policy := range id.Policies {
				request := message.Request{Identity: r.Identity(id.Name), PolicyName: policy.Name}
				if !identity.Match(p.Prune, policy.Name) || named[r.Owner.Region+"\n"+request.Key()] {
					continue
				}
				if one, err := p.openOne(deletion(request)); err == nil {
					if c, differs := p.change(one); differs {
						changes = append(changes, c)
					}
				}
			}
		}
	}
	return changes
}

// Pruned is the name of the file that requests of a pruning come from.
const Pruned = "--prune"

// deletion is the request that deletes a policy.
func deletion(request message.Request) examine.Request {
	body, err := json.Marshal(map[string]string{"Action": string(message.Delete), "Identity": request.Identity.ARN(), "PolicyName": request.PolicyName})
	if err != nil {
		panic(err) // strings
	}
	return examine.One(Pruned, string(body))
}
