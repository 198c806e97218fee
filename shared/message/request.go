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
	RuleResponseURL     = "response-url"     // no URL, or not one of CloudFormation's response buckets
	RuleIdentity        = "identity"         // neither address, domain nor identity ARN, or not of this account and Region
	RulePolicyName      = "policy-name"      // not 1 to 64 of [A-Za-z0-9_-]
)

// members are those that a request with the action may have, wherever it stands.
func members(a Action) []string {
	all := []string{"Action", "Identity", "PolicyName"}
	if a != Delete {
		all = append(all, "Policy")
	}
	return all
}

// taskToken is the member that only a bare request may have beside them.
const taskToken = "TaskToken"

// Members are the members that a bare request with the action may have. All but
// the Action and the TaskToken are required.
func Members(a Action) []string { return append(members(a), taskToken) }

func (r *reader) refuse(f document.Fault) { r.malformed.Add(f) }

// text is the member's string. It refuses a member that is missing or no
// string.
func (r *reader) text(n document.Node, name string) (string, bool) {
	value := n.Get(name)
	switch {
	case !value.Exists() && r.misspelt[name]: // reported under its misspelt name
	case !value.Exists():
		r.refuse(n.Fault(RuleMissingMember, name+" is missing, expected a string"))
	case !value.IsString():
		r.refuse(value.Fault(RuleWrongType, fmt.Sprintf("%s is %s, expected a string", name, value.Type())))
	default:
		return textOf(value), true
	}
	return "", false
}

// readRequest reads a request's members from n: the keyword arguments of
// PutIdentityPolicy or DeleteIdentityPolicy, and Action. The members named in
// also may stand beside them and are read elsewhere. findings are those of the
// document around n.
func (r *reader) readRequest(n document.Node, findings []finding.Finding, also ...string) {
	request, source := &r.message.Request, r.source
	source.Identity, source.PolicyName = n.Get("Identity"), n.Get("PolicyName")
	request.Action = r.readAction(n)
	r.refuseUnknown(n, append(members(request.Action), also...))
	r.readIdentity(n)
	r.readPolicyName(n)
	at := n.Get("Policy")
	if request.Action == Put {
		r.readPolicy(n, at)
	}
	// A duplicate member inside the policy is the policy's fault.
	for _, f := range findings {
		if at.Exists() && strings.HasPrefix(f.Path, at.Pointer()+"/") {
			source.PolicyFindings = append(source.PolicyFindings, f)
		} else {
			r.malformed.Append(f)
		}
	}
}

// neighbours are the names that other tools use for a request's members: SES
// v2, the IAM API, Terraform.
var neighbours = map[string]string{
	"emailidentity": "Identity", "identityname": "Identity", "identityarn": "Identity", "resourcearn": "Identity",
	"name":           "PolicyName",
	"policydocument": "Policy", "policytext": "Policy",
	"token": "TaskToken",
}

// separators are what other spellings of a name have between its words.
var separators = strings.NewReplacer("_", "", "-", "")

// meant is the known member that name was evidently meant to be.
func meant(name string, known []string) (string, bool) {
	plain := strings.ToLower(separators.Replace(name))
	if near := neighbours[plain]; slices.Contains(known, near) {
		return near, true
	}
	if strings.HasSuffix(plain, "tasktoken") && slices.Contains(known, "TaskToken") {
		return "TaskToken", true
	}
	return finding.Nearest(name, known)
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
		f := member.NameFault(RuleUnknownMember, fmt.Sprintf("got the member %s, expected only %s", finding.Quote(name), strings.Join(known, ", ")))
		if near, ok := meant(name, known); ok {
			f = f.Suggest(near).Help("did you mean " + near + "?")
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
		f := n.Get("Action").Fault(RuleUnknownAction, fmt.Sprintf("got the action %s, expected %s or %s", finding.Quote(text), Put, Delete))
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
		r.identities.Add(n.Get("Identity").Fault(RuleIdentity, err.Error()).Suggest(identity.Punycode(text)))
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
			fmt.Sprintf("got the policy name %s, expected 1 to %d letters, digits, hyphens and underscores", finding.Quote(text), policy.MaxNameLength)))
		return
	}
	r.message.Request.PolicyName = text
}

// readPolicy reads the policy, as text for SES and as a document to check.
func (r *reader) readPolicy(n, at document.Node) {
	request, source := &r.message.Request, r.source
	switch {
	case !at.Exists() && r.misspelt["Policy"]: // reported under its misspelt name
	case !at.Exists():
		r.refuse(n.Fault(RuleMissingMember, "Policy is missing, expected the policy document: an object, or its text as a string"))
	case at.IsObject():
		source.Policy, request.Policy = at, string(at.Minified())
	case at.IsString():
		request.Policy = textOf(at)
		source.policyString = at
		source.strings = append(source.strings, at)
		doc, findings := at.Read(at.Pointer())
		source.PolicyFindings = findings
		if doc == nil {
			return
		}
		source.Policy = doc.Root()
		if len(request.Policy) > policy.MaxSize {
			if short := source.Policy.Minified(); len(short) <= policy.MaxSize {
				request.Policy = string(short)
			}
		}
	default:
		r.refuse(at.Fault(RuleWrongType, "Policy is "+at.Type()+", expected the policy document: an object, or its text as a string"))
	}
}

// readTaskToken reads the token of the Step Functions task that waits for the
// answer. A token under a misspelt name is read too: the request is refused for
// the name, and the task is told instead of waiting.
// https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html#connect-wait-token
func (r *reader) readTaskToken(n document.Node) {
	if at := n.Get("TaskToken"); at.Exists() {
		r.source.TaskToken = at
		r.message.TaskToken, _ = r.text(n, "TaskToken")
		return
	}
	for name, at := range n.Members() {
		if near, ok := meant(name, []string{"TaskToken"}); ok && near == "TaskToken" && isTaskToken(textOf(at)) {
			r.source.TaskToken, r.message.TaskToken = at, textOf(at)
			return
		}
	}
}

// isTaskToken reports whether text has the shape of a task token: base64, which
// neither a reference like $$.Task.Token nor a sentence is. Step Functions takes
// at most 2048 characters; real tokens have hundreds.
func isTaskToken(text string) bool {
	return len(text) >= 16 && len(text) <= 2048 && identity.Only(text, identity.Letters+identity.Digits+"+/=_-")
}
