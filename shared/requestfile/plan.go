package requestfile

import (
	"strconv"

	"sespolicy/shared/document"
)

// planned are the resource types with a policy, and their names for a request's
// members.
var planned = map[string][]named{
	"aws_ses_identity_policy":         {{"Identity", "identity"}, {"PolicyName", "name"}, {"Policy", "policy"}},
	"aws_sesv2_email_identity_policy": {{"Identity", "email_identity"}, {"PolicyName", "policy_name"}, {"Policy", "policy"}},
}

// named is a request's member and what it is called elsewhere.
type named struct{ member, there string }

// isPlan reports whether a value is what terraform show -json prints, of a plan or
// of a state.
func isPlan(n document.Node) bool {
	return n.Get("planned_values").IsObject() || n.Get("values").Get("root_module").IsObject() && n.Get("terraform_version").Exists()
}

func (r *reader) plan(s source, root document.Node) {
	after := map[string]document.Node{}
	for change := range root.Get("resource_changes").Elements() {
		after[change.Get("address").Text()] = change.Get("change").Get("after_unknown")
	}
	values := root.Get("planned_values")
	if !values.Exists() {
		values = root.Get("values")
	}
	r.module(s, values.Get("root_module"), after)
}

// module reads the resources of a module and of the modules in it.
func (r *reader) module(s source, n document.Node, after map[string]document.Node) {
	for resource := range n.Get("resources").Elements() {
		if members := planned[resource.Get("type").Text()]; members != nil && resource.Get("mode").Text() != "data" {
			r.resource(s, resource, members, after[resource.Get("address").Text()])
		}
	}
	for child := range n.Get("child_modules").Elements() {
		r.module(s, child, after)
	}
}

// resource composes the request of a resource. The provider requires all three
// values: one that is not there is not known yet.
func (r *reader) resource(s source, n document.Node, members []named, unknown document.Node) {
	values := n.Get("values")
	if !values.Exists() {
		values = n
	}
	c := newComposer(s, r.owner, false)
	c.open(n, "", values.Pointer())
	for i, m := range members {
		at := values.Get(m.there)
		c.name(at, m.member, i > 0)
		pointer := "/" + m.member
		if !at.Exists() || at.Text() == "null" && !at.IsString() || unknown.Get(m.there).Text() == "true" {
			place := at
			if !at.Exists() {
				place = values
			}
			c.unknownValue(place, pointer, values.Pointer()+"/"+document.EscapeToken(m.there))
			continue
		}
		c.value(at, pointer)
	}
	c.close()
	start, _ := n.Span()
	e := c.entry(n.Pointer())
	e.Line, _ = s.position(start)
	r.add(e)
}

// child is the pointer of an element.
func child(pointer string, i int) string { return pointer + "/" + strconv.Itoa(i) }
