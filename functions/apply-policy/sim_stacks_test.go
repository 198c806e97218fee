package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/cfn"

	"sespolicy/shared/local/response"
)

// stackModel is a stack as CloudFormation keeps it: what it believes to have.
type stackModel struct {
	s         *simulation
	id, name  string
	resources map[string]resourceModel // by logical id
	timeout   time.Duration            // ServiceTimeout; zero for CloudFormation's hour
	texts     int
	asked     int
}

// resourceModel is a resource of a template, and its physical id once it has one.
type resourceModel struct {
	name     string // of the policy
	text     string
	adopt    bool
	physical string
}

// change is one custom resource request of a stack, and what it was answered.
type change struct {
	of       *stackModel
	logical  string
	kind     cfn.RequestType
	old, new resourceModel
	id       string         // RequestId
	status   cfn.StatusType // empty: nothing was answered in time
	physical string
}

// is is the part of the template that the request is about.
func (c *change) is() resourceModel {
	if c.kind == cfn.RequestDelete {
		return c.old
	}
	return c.new
}

// logicalIDs are those of all templates, stackPolicies the policies that they want.
var (
	logicalIDs    = []string{"A", "B", "C"}
	stackPolicies = []string{"Policy0", "Policy1", "Policy2", "Policy3"}
)

// stackIdentity is the identity whose policies the stacks want.
func (s *simulation) stackIdentity() string {
	if s.scenario.shared {
		return "example0.com"
	}
	return "stacks.com"
}

func newStack(s *simulation, number int) *stackModel {
	name := string(rune('A' + number))
	return &stackModel{s: s, id: stackARN(name), name: name, resources: map[string]resourceModel{},
		timeout: one(s.dice, "timeout "+name, 0, 0, time.Minute, 10*time.Minute)}
}

// live is a stack's life: created, updated a few times, perhaps deleted.
func (s *stackModel) live() {
	d := s.s.dice
	longest := one(d, "pauses "+s.name, 20*time.Second, 2*time.Minute, 10*time.Minute)
	for range 2 + d.intN("operations "+s.name, 4) {
		time.Sleep(d.between("pause "+s.name, 0, longest))
		s.update(s.template())
	}
	if d.chance("deleted "+s.name, 0.4) {
		s.update(map[string]resourceModel{})
	}
	s.s.note("", "stack %s ends with %v", s.name, s)
}

// template is a new template. Names move between logical ids, so that resources
// are renamed, replaced and swapped.
func (s *stackModel) template() map[string]resourceModel {
	d, made := s.s.dice, map[string]resourceModel{}
	free := slices.Clone(stackPolicies)
	for _, logical := range logicalIDs {
		if !d.chance("has "+s.name, 0.5) {
			continue
		}
		i := d.intN("name "+s.name, len(free))
		r := resourceModel{name: free[i], adopt: d.chance("adopts "+s.name, 0.1)}
		free = slices.Delete(free, i, i+1)
		if old, ok := s.resources[logical]; ok && d.chance("stays "+s.name, 0.3) && old.name == r.name {
			made[logical] = old
			continue
		}
		s.texts++
		r.text = policyText(&asked{number: int(s.name[0])*100 + s.texts, identity: s.s.stackIdentity()})
		made[logical] = r
	}
	return made
}

// update brings the stack to a template, or back to what it had. A stack's create
// is an update of nothing.
func (s *stackModel) update(template map[string]resourceModel) {
	d, patience := s.s.dice, time.Hour
	if d.chance("cancelled "+s.name, 0.25) { // by its operator
		patience = d.between("patience "+s.name, 0, one(d, "impatience "+s.name, 15*time.Second, 5*time.Minute))
	}
	var changes []*change
	for _, logical := range slices.Sorted(maps.Keys(template)) {
		switch old, has := s.resources[logical]; {
		case !has:
			changes = append(changes, &change{of: s, logical: logical, new: template[logical], kind: cfn.RequestCreate})
		case old != template[logical]:
			changes = append(changes, &change{of: s, logical: logical, old: old, new: template[logical], kind: cfn.RequestUpdate})
		}
	}
	s.all(changes, patience)
	failed := len(changes) > 0 && d.chance("another resource fails "+s.name, 0.2)
	for _, c := range changes {
		failed = failed || c.status != cfn.StatusSuccess
	}
	if failed {
		s.rollBack(changes)
		return
	}
	s.must(s.take(template, changes))
}

// take makes the template what the stack has, and returns the Deletes of what it
// has no more: the physical ids that were replaced, and the resources that left
// the template.
func (s *stackModel) take(template map[string]resourceModel, changes []*change) []*change {
	before := s.resources
	s.resources = maps.Clone(template)
	var cleanup []*change
	for _, c := range changes {
		now := c.new
		now.physical = c.physical
		s.resources[c.logical] = now
		if c.kind == cfn.RequestUpdate && c.physical != c.old.physical {
			cleanup = append(cleanup, &change{of: s, logical: c.logical, old: c.old, kind: cfn.RequestDelete})
		}
	}
	for _, logical := range slices.Sorted(maps.Keys(before)) {
		if _, stays := template[logical]; !stays {
			cleanup = append(cleanup, &change{of: s, logical: logical, old: before[logical], kind: cfn.RequestDelete})
		}
	}
	return cleanup
}

// rollBack reverts the requested changes.
func (s *stackModel) rollBack(changes []*change) {
	s.s.note("", "stack %s rolls back", s.name)
	var undo, cleanup []*change
	for _, c := range changes {
		made := resourceModel{name: c.new.name, physical: c.physical}
		if c.status == "" {
			made.physical = fmt.Sprintf("%s-%s-1ABCDEFGHIJKL", s.name, c.logical) // CloudFormation's own
		}
		switch {
		case c.kind == cfn.RequestCreate:
			cleanup = append(cleanup, &change{of: s, logical: c.logical, old: made, kind: cfn.RequestDelete})
			continue
		case c.status == cfn.StatusSuccess && c.physical != c.old.physical:
			cleanup = append(cleanup, &change{of: s, logical: c.logical, old: made, kind: cfn.RequestDelete})
		}
		undo = append(undo, &change{of: s, logical: c.logical, old: resourceModel{name: c.new.name, physical: c.old.physical}, new: c.old, kind: cfn.RequestUpdate})
	}
	s.must(undo)
	s.must(cleanup)
}

// mustWithin is how long after the last fault a stack's operator tries.
const mustWithin = 6 * time.Hour

// must sends requests that have to succeed, and sends those that fail or time out
// again, as a stack's operator continues a rollback or a deletion.
func (s *stackModel) must(list []*change) {
	for len(list) > 0 {
		s.all(list, time.Hour)
		list = slices.DeleteFunc(list, func(c *change) bool { return c.status == cfn.StatusSuccess })
		if len(list) == 0 {
			return
		}
		if time.Since(s.s.began) > faultsEnd+mustWithin {
			c := list[0]
			s.s.violate(ruleStacks, "", "stack %s: the %s of %s (%s) never succeeds, last %q", s.name, c.kind, c.logical, c.old.physical, c.status)
			return
		}
		time.Sleep(s.s.dice.between("operator "+s.name, time.Minute, 10*time.Minute))
	}
}

// all sends requests at once and waits for their answers.
func (s *stackModel) all(list []*change, patience time.Duration) {
	if s.timeout > 0 {
		patience = min(patience, s.timeout)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var waiting sync.WaitGroup
	for _, c := range list {
		c.status, c.physical = "", ""
		sent := *c // what was asked for: c may be asked for again
		s.ask(&sent)
		c.id = sent.id
		waiting.Go(func() {
			answer, err := s.s.bucket.Await(ctx, s.id, c.id)
			time.Sleep(s.s.dice.between("hears "+c.id, time.Millisecond, 200*time.Millisecond))
			if err != nil {
				s.s.note("", "stack %s: %s %s is given up", s.name, c.kind, c.logical)
				return
			}
			s.s.note("", "stack %s: %s %s is told %s %s %s", s.name, c.kind, c.logical, answer.Status, answer.PhysicalResourceID, answer.Reason)
			c.status, c.physical = cfn.StatusType(answer.Status), answer.PhysicalResourceID
		})
	}
	waiting.Wait()
}

// ask sends one request.
func (s *stackModel) ask(c *change) {
	s.asked++
	number := int(s.name[0])*1000 + s.asked
	c.id = fmt.Sprintf("%s-%d", s.name, s.asked)
	of := c.is()
	properties := map[string]any{"ServiceToken": "arn:aws:sns:us-east-1:123456789012:RequestTopic", "Identity": s.s.stackIdentity(), "PolicyName": of.name, "Policy": of.text}
	if of.adopt {
		properties["AdoptExisting"] = "true"
	}
	if s.timeout > 0 {
		properties["ServiceTimeout"] = strconv.Itoa(int(s.timeout / time.Second))
	}
	body := map[string]any{"RequestType": c.kind, "RequestId": c.id, "ResponseURL": response.URL("https://cloudformation-custom-resource-response-useast1.s3.amazonaws.com", "us-east-1", s.id, c.logical, c.id), "StackId": s.id,
		"ResourceType": "Custom::SesPolicy", "LogicalResourceId": c.logical, "ResourceProperties": properties}
	if c.kind != cfn.RequestCreate {
		body["PhysicalResourceId"] = c.old.physical
	}
	text, err := json.Marshal(body)
	if err != nil {
		s.s.t.Error(err)
	}
	notification, err := json.Marshal(map[string]string{"Type": "Notification", "MessageId": "sns-" + c.id, "TopicArn": "arn:aws:sns:us-east-1:123456789012:RequestTopic",
		"Message": string(text), "Timestamp": time.Now().UTC().Format(time.RFC3339Nano)})
	if err != nil {
		s.s.t.Error(err)
	}
	a := &asked{number: number, identity: s.s.stackIdentity(), name: of.name, kind: kind(c.kind), body: string(notification), stack: c}
	if c.kind != cfn.RequestDelete {
		a.text = of.text
	}
	s.s.note(a.key(), "stack %s: %s %s as %s: %s %s %s", s.name, c.kind, c.logical, c.id, c.old.physical, of.name, s.s.whose(of.text))
	s.s.send(a)
}

func (s *stackModel) String() string {
	text := "stack " + s.name + ":"
	for _, logical := range slices.Sorted(maps.Keys(s.resources)) {
		text += fmt.Sprintf(" %s=%s %s", logical, s.resources[logical].name, s.s.whose(s.resources[logical].text))
	}
	return text
}
