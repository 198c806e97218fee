package message

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/cfn"

	"sespolicy/shared/document"
	"sespolicy/shared/finding"
	"sespolicy/shared/identity"
	"sespolicy/shared/policy"
)

// maxTimeout is how long a stack waits at most, and the default.
const maxTimeout = time.Hour

// PhysicalResourceID is the id of the custom resource that the request makes:
// the identity's canonical name and the policy name. It does not depend on how
// the identity was written, so a change from name to ARN is an update and not a
// replacement, whose Delete would remove the policy just put.
func (r Request) PhysicalResourceID() string { return r.Key() }

// NothingMade is the id that answers the failed Create of a resource. The
// Delete that a rollback sends with it has nothing to do. It has no slash, so it
// is no PhysicalResourceID of a request.
func NothingMade(logicalResourceID string) string {
	return "nothing-made-for-" + strings.ReplaceAll(logicalResourceID, "/", "-")
}

// parsePhysicalResourceID is the opposite of PhysicalResourceID; false for any
// other id.
func parsePhysicalResourceID(id string) (identity.Identity, string, bool) {
	slash := strings.LastIndexByte(id, '/')
	if slash < 0 || !policy.ValidName(id[slash+1:]) {
		return identity.Identity{}, "", false
	}
	of, err := identity.Parse(id[:slash])
	return of, id[slash+1:], err == nil && of.Key() == id[:slash]
}

// openCustomResource opens a custom resource request. A Delete goes by the
// physical id alone: it removes what this resource put, whatever its properties
// say now.
func (r *reader) openCustomResource(n document.Node, findings []finding.Finding) {
	requestType, _ := r.text(n, "RequestType")
	c := &CloudFormation{RequestType: cfn.RequestType(requestType)}
	c.ResponseURL = r.responseURL(n)
	c.StackID, _ = r.text(n, "StackId")
	c.RequestID, _ = r.text(n, "RequestId")
	c.LogicalResourceID, _ = r.text(n, "LogicalResourceId")
	c.PhysicalResourceID = textOf(n.Get("PhysicalResourceId"))
	c.Timeout = timeout(n.Get("ResourceProperties").Get("ServiceTimeout"))
	r.message.CloudFormation = c
	r.message.OriginID = c.RequestID
	if c.RequestType == cfn.RequestCreate || c.RequestType == cfn.RequestUpdate {
		r.openProperties(n, findings)
		return
	}
	r.malformed.Append(findings...)
	switch c.RequestType {
	case cfn.RequestDelete:
		r.message.Request = deleteOf(c.PhysicalResourceID, r.message.Owner)
		r.source.Identity = n.Get("PhysicalResourceId")
		r.source.PolicyName = r.source.Identity
	case "":
	default:
		r.refuse(n.Get("RequestType").Fault(RuleWrongType, fmt.Sprintf("got RequestType %s, expected Create, Update or Delete", finding.Quote(requestType))))
	}
}

// responseURL reads the response URL; nil if it is none. Its host is checked
// later (package check).
func (r *reader) responseURL(n document.Node) *url.URL {
	text, ok := r.text(n, "ResponseURL")
	if !ok {
		return nil
	}
	r.source.ResponseURL = n.Get("ResponseURL")
	at, err := url.Parse(text)
	if err != nil { // the error would repeat the URL, whose query is a credential
		r.refuse(r.source.ResponseURL.Fault(RuleResponseURL, "ResponseURL is no URL, expected the one that CloudFormation sent"))
		return nil
	}
	return at
}

// openProperties reads the request that the properties of a resource are.
// ForceUpdate is ignored: a template changes it to have the resource updated.
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
	if adopt := properties.Get("AdoptExisting"); adopt.Exists() {
		switch adopt.Text() {
		case "true":
			r.message.CloudFormation.AdoptExisting = true
		case "false":
		default:
			r.refuse(adopt.Fault(RuleWrongType, "got AdoptExisting "+finding.Quote(adopt.Text())+", expected true or false"))
		}
	}
	r.readRequest(properties, findings, "ServiceToken", "ServiceTimeout", "ForceUpdate", "AdoptExisting")
}

// timeout reads a ServiceTimeout: whole seconds, 1 to 3600, as a string like
// all scalars of a template. CloudFormation itself refuses any other.
func timeout(n document.Node) time.Duration {
	seconds, err := strconv.Atoi(n.Text())
	if err != nil || seconds < 1 || seconds > int(maxTimeout/time.Second) {
		return maxTimeout
	}
	return time.Duration(seconds) * time.Second
}

// deleteOf is the delete that a resource's physical id asks for.
func deleteOf(physicalResourceID string, owner identity.Owner) Request {
	id, name, ok := parsePhysicalResourceID(physicalResourceID)
	if !ok {
		return Request{Action: Delete, Nothing: true}
	}
	return Request{Action: Delete, Identity: owner.Of(id), PolicyName: name}
}
