package requestfile

import (
	"strings"

	"sespolicy/shared/document"
)

// The types of the resource that asks for a policy. The second has no name of its
// own: it is one if it has the three properties.
const (
	resourceType = "Custom::SESIdentityPolicy"
	customType   = "AWS::CloudFormation::CustomResource"
)

// isTemplate reports whether a value is a CloudFormation or SAM template.
func isTemplate(n document.Node) bool {
	resources := n.Get("Resources")
	if !resources.IsObject() {
		return false
	}
	if n.Get("AWSTemplateFormatVersion").Exists() || n.Get("Transform").Exists() {
		return true
	}
	for _, resource := range resources.Members() {
		if strings.Contains(resource.Get("Type").Text(), "::") {
			return true
		}
	}
	return false
}

func isPolicyResource(n document.Node) bool {
	if n.Get("Type").Text() == resourceType {
		return true
	}
	properties := n.Get("Properties")
	return n.Get("Type").Text() == customType &&
		properties.Get("Identity").Exists() && properties.Get("PolicyName").Exists() && properties.Get("Policy").Exists()
}

func (r *reader) template(s source, resources document.Node) {
	for logicalID, n := range resources.Members() {
		if isPolicyResource(n) && !isIntrinsic(n.Get("Properties")) {
			r.customResource(s, logicalID, n)
		}
	}
}

// customResource composes the request that CloudFormation makes when it creates
// the resource, to be checked, and the bare request, to be sent.
func (r *reader) customResource(s source, logicalID string, n document.Node) {
	properties := n.Get("Properties")
	c := newComposer(s, r.owner, true)
	c.request = "/ResourceProperties"
	c.open(n, "", n.Pointer())
	c.constant("RequestType", "Create", false)
	c.constant("ResponseURL", "https://cloudformation-custom-resource-response-useast1.s3.amazonaws.com/", true)
	c.constant("StackId", "stack", true)
	c.constant("RequestId", "request", true)
	c.constant("LogicalResourceId", logicalID, true)
	if properties.Exists() {
		c.name(properties, "ResourceProperties", true)
		c.value(properties, c.request)
	}
	c.close()
	e := c.entry(n.Pointer())
	start, _ := n.Span()
	e.Line, _ = s.position(start)
	e.opened = e.Body
	e.Body, e.Unknown = r.bare(s, properties)
	r.add(e)
}

// bare is the request without CloudFormation around it, and the pointers of its
// unknown values.
func (r *reader) bare(s source, properties document.Node) (body string, unknown []string) {
	if !properties.Exists() {
		return "{}", nil
	}
	c := newComposer(s, r.owner, true)
	c.open(properties, "", "")
	more := false
	for _, name := range []string{"Identity", "PolicyName", "Policy"} {
		if at := properties.Get(name); at.Exists() {
			c.name(at, name, more)
			c.value(at, "/"+name)
			more = true
		}
	}
	c.close()
	return string(c.body), c.listed
}
