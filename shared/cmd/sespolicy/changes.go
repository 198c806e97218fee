package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"sespolicy/shared/account"
	"sespolicy/shared/account/meaning"
	"sespolicy/shared/guardrail"
	"sespolicy/shared/identity"
	"sespolicy/shared/ledger"
	"sespolicy/shared/message"
	"sespolicy/shared/printout"
	"sespolicy/shared/requestfile"
)

// change is what sending one request would change, for programs.
type change struct {
	Action     string             `json:"action"` // put or delete
	Region     string             `json:"region"`
	Identity   string             `json:"identity"`
	PolicyName string             `json:"policyName"`
	Before     *string            `json:"before"` // the policy as it is; null if there is none
	After      *string            `json:"after"`  // as it would be
	Refused    []printout.Finding `json:"refused"`
	Note       string             `json:"note,omitempty"`
	partition  string
	request    outgoing
}

// planned is a request of a file, opened, for one Region.
type planned struct {
	outgoing
	message message.Message
	region  *regionView
}

// planner finds out what requests would change.
type planner struct {
	view *accountView
	// fence and protects are the guardrails.
	fence    *guardrail.Guardrail
	protects bool   // PROTECT_STACK_POLICIES
	prune    string // the pattern of names of policies that no request names and that go; empty for none
}

// open opens the requests. Of several for one policy the last counts, as it
// would when all are sent.
func (p *planner) open(requests []outgoing) ([]planned, error) {
	var all []planned
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
		key := one.region.owner.Region + "\n" + one.message.Request.Key()
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
func (p *planner) openOne(request outgoing) (planned, error) {
	region := p.view.regions[0]
	if id := identityOf(request); id.Region != "" {
		i := slices.IndexFunc(p.view.regions, func(r *regionView) bool { return r.owner.Region == id.Region })
		switch {
		case i < 0:
			return planned{}, fmt.Errorf("%s: the identity is in %s, which is not read (%s)", request.file, id.Region, p.view.regionNames())
		case id.Account != region.owner.Account:
			return planned{}, fmt.Errorf("%s: the identity is in account %s, not in %s", request.file, id.Account, region.owner.Account)
		}
		region = p.view.regions[i]
	}
	m, _, _ := request.Open(region.queueARN())
	if m.Request.Identity.Name == "" || m.Request.PolicyName == "" && !m.Request.Nothing {
		return planned{}, fmt.Errorf("%s is no request for a policy: sespolicy check says what is wrong", request.file)
	}
	return planned{request, m, region}, nil
}

// identityOf is the identity as a request names it.
func identityOf(request outgoing) identity.Identity {
	m, _, _ := request.Open("")
	return m.Request.Identity
}

// queueARN stands for the request queue of the Region, which says whose
// identities requests are for.
func (r *regionView) queueARN() string {
	d := deployment{Account: r.owner.Account, Region: r.owner.Region}
	return d.queueARN()
}

// changes compares requests with what was read.
func (p *planner) changes(requests []planned) []change {
	changes := []change{}
	for _, one := range requests {
		if c, differs := p.change(one); differs {
			changes = append(changes, c)
		}
	}
	changes = append(changes, p.pruned(requests)...)
	slices.SortStableFunc(changes, func(a, b change) int {
		return cmp.Or(strings.Compare(a.Region, b.Region), strings.Compare(a.Identity, b.Identity), strings.Compare(a.PolicyName, b.PolicyName))
	})
	return changes
}

// change is what a request changes. What could not be read is no change, and an
// error elsewhere.
func (p *planner) change(one planned) (change, bool) {
	r, request := one.region, one.message.Request
	name := request.Identity.Name
	if r.unread(name) {
		return change{}, false
	}
	id, owned := r.contents.Find(name)
	current, exists := id.Policy(request.PolicyName)
	c := change{Action: "put", Region: r.owner.Region, Identity: name, PolicyName: request.PolicyName, partition: r.owner.Partition, request: one.outgoing}
	if exists {
		c.Before = &current.Text
	}
	switch {
	case request.Action == message.Delete && !exists:
		return change{}, false
	case request.Action == message.Delete:
		c.Action = "delete"
	case exists && meaning.Equal(current.Text, request.Policy, r.owner.Partition):
		return change{}, false
	default:
		c.After = &request.Policy
	}
	if !owned {
		c.Note = "the account has no identity " + name + " in " + r.owner.Region
	}
	c.Refused = p.refused(one)
	return c, true
}

// unread reports whether an identity, or the list of all, could not be read.
func (r *regionView) unread(name string) bool {
	return slices.ContainsFunc(r.contents.Failures, func(f account.Failure) bool {
		return f.Identity == "" || r.identity(f.Identity).Name == name
	})
}

// refused is what the function would refuse of a request.
func (p *planner) refused(one planned) []printout.Finding {
	e := &examiner{fence: p.fence, queueARN: one.region.queueARN(), owner: one.region.owner, ownAccount: true}
	file := asFile(one.file, one.text, e.request(&one.Entry))
	refused := slices.DeleteFunc(file.List(), func(f printout.Finding) bool { return f.Level != "error" })
	record := one.region.records[ledger.Name{Identity: one.message.Request.Identity.Name, PolicyName: one.message.Request.PolicyName}]
	if p.protects && record.Owner != nil && one.message.CloudFormation == nil {
		refused = append(refused, printout.Finding{File: one.file, Rule: guardrail.ProtectStackPolicies, Code: ledger.OwnedByStack, Level: "error",
			Message: "the policy belongs to the " + ownerWords(record), Hint: "change it in that stack, or clear the owner with sespolicy release"})
	}
	return refused
}

// pruned are the deletions of policies that match the pattern and that no
// request names.
func (p *planner) pruned(requests []planned) []change {
	if p.prune == "" {
		return nil
	}
	named := map[string]bool{}
	for _, one := range requests {
		named[one.region.owner.Region+"\n"+one.message.Request.Key()] = true
	}
	var changes []change
	for _, r := range p.view.regions {
		for _, id := range r.contents.Identities {
			for _, policy := range id.Policies {
				request := message.Request{Identity: r.identity(id.Name), PolicyName: policy.Name}
				if !identity.Match(p.prune, policy.Name) || named[r.owner.Region+"\n"+request.Key()] {
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

// pruned is the name of the file that requests of a pruning come from.
const pruned = "--prune"

// deletion is the request that deletes a policy.
func deletion(request message.Request) outgoing {
	body, err := json.Marshal(map[string]string{"Action": string(message.Delete), "Identity": request.Identity.ARN(), "PolicyName": request.PolicyName})
	if err != nil {
		panic(err) // strings
	}
	return outgoing{Entry: requestfile.Single(string(body)), file: pruned, name: pruned, text: string(body)}
}
