package message

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"sespolicy/shared/document"
	"sespolicy/shared/finding"
	"sespolicy/shared/identity"
	"sespolicy/shared/policy"
)

// CloudFormation is a custom resource request: who waits for the answer, and
// where. The response URL's query is a credential: it must reach no log.
//
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-requests.html
type CloudFormation struct {
	At                 document.Node // the object it was read from
	RequestType        string        // Create, Update or Delete
	ResponseURL        string        // a presigned S3 PUT
	StackID            string
	RequestID          string // with StackID, what identifies the request
	LogicalResourceID  string
	PhysicalResourceID string // of the resource as it stands; empty for Create
	// Patience is how long the stack waits for the answer: its ServiceTimeout,
	// or an hour.
	Patience time.Duration
}

// maxPatience is how long a stack waits at most, and where it says nothing.
const maxPatience = time.Hour

// PhysicalResourceID is the id of the custom resource that the request makes:
// the identity's canonical name and the policy name. The same policy has the
// same id however its identity was written, so a change from name to ARN is an
// update and not a replacement, whose Delete would hit the policy just put.
func (r Request) PhysicalResourceID() string { return r.Key() }

// NothingMade is the id that the failed Create of a resource answers: its
// Delete, which a rollback sends, is known by it to have nothing to do. It is
// no physical id, for it has no slash.
func NothingMade(logicalResourceID string) string {
	return "nothing-made-for-" + strings.ReplaceAll(logicalResourceID, "/", "-")
}

// parsePhysicalResourceID is the identity and policy name of an id that a
// successful Create or Update answered.
func parsePhysicalResourceID(id string) (identity.Identity, string, bool) {
	slash := strings.LastIndexByte(id, '/')
	if slash < 0 || !policy.ValidName(id[slash+1:]) {
		return identity.Identity{}, "", false
	}
	of, err := identity.Parse(id[:slash])
	return of, id[slash+1:], err == nil && of.Key() == id[:slash]
}

// openCustomResource opens a custom resource request. A Delete goes by the
// physical id alone: it takes off what this resource put, whatever the
// properties say by now.
func (r *reader) openCustomResource(n document.Node, findings []finding.Finding) {
	c := &CloudFormation{At: n}
	c.RequestType, _ = r.text(n, "RequestType")
	c.ResponseURL, _ = r.text(n, "ResponseURL")
	c.StackID, _ = r.text(n, "StackId")
	c.RequestID, _ = r.text(n, "RequestId")
	c.LogicalResourceID, _ = r.text(n, "LogicalResourceId")
	if n.Get("PhysicalResourceId").IsString() {
		c.PhysicalResourceID = n.Get("PhysicalResourceId").Text()
	}
	c.Patience = patience(n.Get("ResourceProperties").Get("ServiceTimeout"))
	r.message.CloudFormation = c
	r.message.OriginID = c.RequestID
	if c.RequestType == "Create" || c.RequestType == "Update" {
		r.openProperties(n, findings)
		return
	}
	r.malformed.Append(findings...)
	switch c.RequestType {
	case "Delete":
		request := deleteOf(c.PhysicalResourceID)
		request.Identity = r.message.Owner.Of(request.Identity)
		request.IdentityAt = n.Get("PhysicalResourceId")
		request.PolicyNameAt = request.IdentityAt
		r.message.Request = request
	case "":
	default:
		r.refuse(n.Get("RequestType").Fault(RuleWrongType, fmt.Sprintf("%s is no request type, expected Create, Update or Delete", finding.Quote(c.RequestType))))
	}
}

// openProperties reads the request that the properties of a resource are.
func (r *reader) openProperties(n document.Node, findings []finding.Finding) {
	properties := n.Get("ResourceProperties")
	if !properties.IsObject() {
		r.malformed.Append(findings...)
		r.refuse(n.Fault(RuleMissingMember, "ResourceProperties is missing or no object, expected the properties Identity, PolicyName and Policy"))
		return
	}
	if action := properties.Get("Action"); action.Exists() {
		r.refuse(action.NameFault(RuleUnknownMember, "Action is no property of the resource: its policy is put when it is created, and deleted with it"))
	}
	r.readRequest(properties, findings, "ServiceToken", "ServiceTimeout")
}

// patience reads a ServiceTimeout: whole seconds, 1 to 3600, as a string like
// all scalars of a template. CloudFormation itself refuses any other.
func patience(n document.Node) time.Duration {
	if !n.Exists() {
		return maxPatience
	}
	seconds, err := strconv.Atoi(n.Text())
	if err != nil || seconds < 1 || seconds > int(maxPatience/time.Second) {
		return maxPatience
	}
	return time.Duration(seconds) * time.Second
}

// deleteOf is the delete that a resource's physical id asks for.
func deleteOf(physicalResourceID string) Request {
	id, name, ok := parsePhysicalResourceID(physicalResourceID)
	if !ok {
		return Request{Action: Delete, Nothing: true}
	}
	return Request{Action: Delete, Identity: id, PolicyName: name}
}
