package message

import (
	"fmt"
	"slices"
	"strings"

	"sespolicy/shared/document"
	"sespolicy/shared/finding"
	"sespolicy/shared/identity"
	"sespolicy/shared/policy"
)

// The rules that a request can break, as its violations name them.
const (
	RuleNotAnObject     = "not-an-object"    // the request, or an envelope, is no JSON object
	RuleUnknownMember   = "unknown-member"   // a member that the request does not have
	RuleMissingMember   = "missing-member"   // a member that the request needs
	RuleWrongType       = "wrong-type"       // a member of another JSON type
	RuleUnknownAction   = "unknown-action"   // neither of the two actions
	RuleNesting         = "envelope-nesting" // more than three envelopes
	RuleUnknownEnvelope = "unknown-envelope" // an envelope of a kind that is not served
	RuleIdentity        = "identity"         // neither address, domain nor identity ARN, or not of this account and Region
	RulePolicyName      = "policy-name"      // not 1 to 64 of [A-Za-z0-9_-]
)

func (r *reader) refuse(f document.Fault) { r.malformed.Add(f) }

// text is the member's string. A member that is missing or no string is
// refused.
func (r *reader) text(n document.Node, name string) (string, bool) {
	value := n.Get(name)
	switch {
	case !value.Exists() && r.misspelt[name]: // said there
	case !value.Exists():
		r.refuse(n.Fault(RuleMissingMember, fmt.Sprintf("%s is missing, expected a string", name)))
	case !value.IsString():
		r.refuse(value.Fault(RuleWrongType, fmt.Sprintf("%s is %s, expected a string", name, value.Type())))
	default:
		return value.Text(), true
	}
	return "", false
}

// readRequest reads a request's members from n: the keyword arguments of
// PutIdentityPolicy or DeleteIdentityPolicy, and Action. The members named in
// also may stand beside them and are read elsewhere. findings are those of the
// document around n.
func (r *reader) readRequest(n document.Node, findings []finding.Finding, also ...string) {
	request := &r.message.Request
	if isPolicy(n) {
		r.refuse(n.Fault(RuleMissingMember, "this is a policy, not a request: Identity, PolicyName and Policy are missing, expected the policy under Policy and the two names beside it"))
		r.malformed.Append(findings...)
		return
	}
	request.IdentityAt, request.PolicyNameAt = n.Get("Identity"), n.Get("PolicyName")
	request.Action = r.readAction(n)
	members := []string{"Action", "Identity", "PolicyName"}
	if request.Action != Delete {
		members = append(members, "Policy")
	}
	r.refuseUnknown(n, append(members, also...))
	r.readIdentity(n)
	r.readPolicyName(n)
	at := n.Get("Policy")
	if request.Action == Put {
		r.readPolicy(n, at)
	}
	// A member that came twice inside the policy is the policy's fault.
	for _, f := range findings {
		if at.Exists() && strings.HasPrefix(f.Path, at.Pointer()+"/") {
			request.Policy.Findings = append(request.Policy.Findings, f)
		} else {
			r.malformed.Append(f)
		}
	}
}

// isPolicy reports whether a policy came without the request around it: there
// is nothing but a policy's own members. Whatever else is there may be a
// misspelt member of a request, and is said to be one.
func isPolicy(n document.Node) bool {
	for name := range n.Members() {
		if name != "Version" && name != "Id" && name != "Statement" {
			return false
		}
	}
	return n.Get("Statement").Exists()
}

func (r *reader) refuseUnknown(n document.Node, known []string) {
	for name, member := range n.Members() {
		if slices.Contains(known, name) {
			continue
		}
		if r.malformed.Full(finding.Violation) {
			r.malformed.Leave(finding.Violation, 1)
			continue
		}
		f := member.NameFault(RuleUnknownMember, fmt.Sprintf("%s is no member of a request, expected %s", finding.Quote(name), strings.Join(known, ", ")))
		if near, ok := finding.Nearest(name, known); ok {
			f = f.Suggest(near)
			f.Message += fmt.Sprintf("; did you mean %s?", near)
			r.misspelt[near] = true
		}
		r.refuse(f)
	}
}

func (r *reader) readAction(n document.Node) Action {
	if !n.Get("Action").Exists() {
		return Put
	}
	text, ok := r.text(n, "Action")
	switch action := Action(text); {
	case !ok:
	case action == Put, action == Delete:
		return action
	default:
		f := n.Get("Action").Fault(RuleUnknownAction, fmt.Sprintf("%s is no action, expected %s or %s", finding.Quote(text), Put, Delete))
		if near, ok := finding.Nearest(text, []string{string(Put), string(Delete)}); ok {
			f = f.Suggest(near)
		}
		r.refuse(f)
	}
	return ""
}

func (r *reader) readIdentity(n document.Node) {
	text, ok := r.text(n, "Identity")
	if !ok {
		return
	}
	id, err := identity.Parse(text)
	if err == nil && r.message.Owner != (identity.Owner{}) {
		err = id.In(r.message.Owner)
	}
	if err != nil {
		r.identities.Add(n.Get("Identity").Fault(RuleIdentity, err.Error()))
		return
	}
	r.message.Request.Identity = r.message.Owner.Of(id)
}

func (r *reader) readPolicyName(n document.Node) {
	text, ok := r.text(n, "PolicyName")
	if !ok {
		return
	}
	if !policy.ValidName(text) {
		r.names.Add(n.Get("PolicyName").Fault(RulePolicyName,
			fmt.Sprintf("%s is no policy name, expected 1 to %d letters, digits, hyphens and underscores", finding.Quote(text), policy.MaxNameLength)))
		return
	}
	r.message.Request.PolicyName = text
}

// readPolicy reads the policy as text for SES and as a document to check.
func (r *reader) readPolicy(n, at document.Node) {
	p := &r.message.Request.Policy
	switch {
	case !at.Exists() && r.misspelt["Policy"]: // said there
	case !at.Exists():
		r.refuse(n.Fault(RuleMissingMember, "Policy is missing, expected the policy document: an object, or its text as a string"))
	case at.IsObject():
		p.At, p.Text = at, string(at.Minified())
	case at.IsString():
		p.Text = at.Text()
		doc, findings := at.Read(at.Pointer())
		p.Findings = findings
		if doc == nil {
			return
		}
		p.At = doc.Root()
		if len(p.Text) > policy.MaxSize {
			if short := p.At.Minified(); len(short) <= policy.MaxSize {
				p.Text = string(short)
			}
		}
	default:
		r.refuse(at.Fault(RuleWrongType, "Policy is "+at.Type()+", expected the policy document: an object, or its text as a string"))
	}
}

// readTaskToken reads the token of the Step Functions task that waits for the
// answer: https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html#connect-wait-token
func (r *reader) readTaskToken(n document.Node) {
	if n.Get("TaskToken").Exists() {
		r.message.TaskToken, _ = r.text(n, "TaskToken")
	}
}
