package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/cfn"

	"sespolicy/shared/local/queue"
	"sespolicy/shared/local/response"
)

func escape(text string) string { return url.QueryEscape(text) }

// stackModel is a stack as CloudFormation keeps it: what it believes to have.
type stackModel struct {
	world      *stackWorld
	id, name   string
	resources  map[string]resourceModel // by logical id
	operations int
	texts      int
	asked      int
}

// resourceModel is a resource of a template, and its physical id once it has one.
type resourceModel struct {
	name     string
	text     int
	adopt    bool
	physical string
}

// live is a stack's life: created, updated a few times, perhaps deleted.
func (s *stackModel) live() {
	d := s.world.dice
	for range 2 + d.intN("operations "+s.name, 4) {
		time.Sleep(d.between("pause "+s.name, 0, 20*time.Second))
		s.operations++
		s.update(s.template())
	}
	if d.chance("deleted "+s.name, 0.4) {
		s.operations++
		s.update(map[string]resourceModel{})
	}
	s.world.note("stack %s ends with %v", s.name, s.resources)
}

// template is a new template. Names move between logical ids, so that resources
// are renamed, replaced and swapped.
func (s *stackModel) template() map[string]resourceModel {
	d, made := s.world.dice, map[string]resourceModel{}
	free := append([]string(nil), policyNames...)
	for _, logical := range []string{"A", "B", "C"} {
		if !d.chance("has "+s.name, 0.5) {
			continue
		}
		i := d.intN("name "+s.name, len(free))
		r := resourceModel{name: free[i], adopt: d.chance("adopts "+s.name, 0.1)}
		free = append(free[:i], free[i+1:]...)
		if old, ok := s.resources[logical]; ok && d.chance("stays "+s.name, 0.3) && free != nil && old.name == r.name {
			made[logical] = old
			continue
		}
		s.texts++
		r.text = int(s.name[0])*100 + s.texts
		made[logical] = r
	}
	return made
}

// pending is a request and what it was answered.
type pending struct {
	logical  string
	old, new resourceModel
	kind     cfn.RequestType
	status   cfn.StatusType // empty: nothing was answered in time
	physical string
}

// update brings the stack to a template, or back to what it had. A stack's create
// is an update of nothing.
func (s *stackModel) update(template map[string]resourceModel) {
	d := s.world.dice
	patience := time.Hour
	if d.chance("cancelled "+s.name, 0.25) {
		patience = d.between("patience "+s.name, 0, 15*time.Second)
	}
	s.world.note("stack %s: %v becomes %v, patience %v", s.name, s.resources, template, patience)
	var changes []*pending
	for _, logical := range sortedKeys(template) {
		switch old, has := s.resources[logical]; {
		case !has:
			changes = append(changes, &pending{logical: logical, new: template[logical], kind: cfn.RequestCreate})
		case old != template[logical]:
			changes = append(changes, &pending{logical: logical, old: old, new: template[logical], kind: cfn.RequestUpdate})
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
	before := s.resources
	s.resources = maps.Clone(template)
	var cleanup []*pending
	for _, c := range changes {
		now := c.new
		now.physical = c.physical
		s.resources[c.logical] = now
		if c.kind == cfn.RequestUpdate && c.physical != c.old.physical {
			cleanup = append(cleanup, &pending{logical: c.logical, old: c.old, kind: cfn.RequestDelete})
		}
	}
	for _, logical := range sortedKeys(before) {
		if _, stays := template[logical]; !stays {
			cleanup = append(cleanup, &pending{logical: logical, old: before[logical], kind: cfn.RequestDelete})
		}
	}
	s.must(cleanup)
}

// rollBack reverts the requested changes.
func (s *stackModel) rollBack(changes []*pending) {
	s.world.note("stack %s rolls back", s.name)
	var undo, cleanup []*pending
	for _, c := range changes {
		made := resourceModel{physical: c.physical}
		if c.status == "" {
			made.physical = fmt.Sprintf("%s-%s-1ABCDEFGHIJKL", s.name, c.logical) // CloudFormation's own
		}
		switch {
		case c.kind == cfn.RequestCreate:
			cleanup = append(cleanup, &pending{logical: c.logical, old: made, kind: cfn.RequestDelete})
			continue
		case c.status == cfn.StatusSuccess && c.physical != c.old.physical:
			cleanup = append(cleanup, &pending{logical: c.logical, old: made, kind: cfn.RequestDelete})
		}
		undo = append(undo, &pending{logical: c.logical, old: resourceModel{name: c.new.name, physical: c.old.physical}, new: c.old, kind: cfn.RequestUpdate})
	}
	s.must(undo)
	s.must(cleanup)
}

// must sends requests that have to succeed.
func (s *stackModel) must(list []*pending) {
	s.all(list, time.Hour)
	for _, c := range list {
		if c.status != cfn.StatusSuccess {
			s.world.violate("stack %s: the %s of %s (%s) was told %q", s.name, c.kind, c.logical, c.old.physical, c.status)
		}
	}
}

// all sends requests at once and waits for their answers.
func (s *stackModel) all(list []*pending, patience time.Duration) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var waiting sync.WaitGroup
	for _, c := range list {
		id := s.send(c)
		waiting.Go(func() {
			answer, err := s.world.bucket.Await(ctx, s.id, id)
			if err != nil {
				s.world.note("stack %s: %s %s is given up", s.name, c.kind, c.logical)
				return
			}
			s.world.note("stack %s: %s %s is told %s %s %s", s.name, c.kind, c.logical, answer.Status, answer.PhysicalResourceID, answer.Reason)
			c.status, c.physical = cfn.StatusType(answer.Status), answer.PhysicalResourceID
		})
	}
	waiting.Wait()
}

// send sends one request and returns its id.
func (s *stackModel) send(c *pending) string {
	s.asked++
	id := fmt.Sprintf("%s-%d", s.name, s.asked)
	of := c.new
	if c.kind == cfn.RequestDelete {
		of = c.old
	}
	properties := map[string]any{"ServiceToken": "arn:aws:sns:us-east-1:123456789012:RequestTopic", "Identity": "example.com", "PolicyName": of.name, "Policy": policyNumber(of.text)}
	if of.adopt {
		properties["AdoptExisting"] = "true"
		s.world.adopt(of.name)
	}
	body := map[string]any{"RequestType": c.kind, "RequestId": id, "ResponseURL": response.URL("https://cloudformation-custom-resource-response-useast1.s3.amazonaws.com", "us-east-1", s.id, c.logical, id), "StackId": s.id,
		"ResourceType": "Custom::SesPolicy", "LogicalResourceId": c.logical, "ResourceProperties": properties}
	if c.kind != cfn.RequestCreate {
		body["PhysicalResourceId"] = c.old.physical
	}
	text, err := json.Marshal(body)
	if err != nil {
		s.world.t.Error(err)
	}
	s.world.note("stack %s: %s %s as %s: %s %s #%d", s.name, c.kind, c.logical, id, c.old.physical, of.name, of.text)
	if _, err := s.world.source.Send(context.Background(), queue.Input{Body: string(text)}); err != nil {
		s.world.t.Error(err)
	}
	s.world.mu.Lock()
	s.world.requests++
	s.world.mu.Unlock()
	return id
}

func (l *stackWorld) adopt(name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.adopted[name] = true
}
