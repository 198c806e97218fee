package access

import (
	"strconv"
	"strings"
	"time"

	"sespolicy/shared/identity"
)

// Context is what is known of a request's condition keys: the values of each,
// none for a key that the request is known to lack. The case of a key does not
// count. A key that is not in the Context is unknown, unless it follows from
// the principal or the identity. A binary value is given in base64.
//
// What follows from the principal, where the documentation says so
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html):
// aws:PrincipalAccount, aws:PrincipalArn, aws:PrincipalType, aws:username,
// aws:userid, aws:PrincipalIsAWSService, aws:PrincipalServiceName, and that the
// request lacks aws:SourceAccount, aws:SourceArn, aws:SourceOrgID and
// aws:SourceOrgPaths when no service makes it, aws:PrincipalOrgID,
// aws:PrincipalOrgPaths and aws:PrincipalTag/… when a service or nobody known
// makes it. From the identity: aws:ResourceAccount.
type Context map[string][]string

// SetTime sets the keys that tell when the request is made.
func (c Context) SetTime(t time.Time) {
	c["aws:CurrentTime"] = []string{t.UTC().Format(time.RFC3339)}
	c["aws:EpochTime"] = []string{strconv.FormatInt(t.Unix(), 10)}
}

// question is a request to one identity, ready to be compared.
type question struct {
	principal Principal
	identity  identity.Identity
	action    string              // in lower case
	context   map[string][]string // keys in lower case
}

func newQuestion(request Request, id identity.Identity) *question {
	q := &question{
		principal: request.Principal,
		identity:  id,
		action:    strings.ToLower(request.Action),
		context:   make(map[string][]string, len(request.Context)),
	}
	if !strings.Contains(q.action, ":") {
		q.action = "ses:" + q.action
	}
	for key, values := range request.Context {
		q.context[strings.ToLower(key)] = values
	}
	return q
}

// ownAccount reports whether the principal is known to belong to the
// identity's account.
func (q *question) ownAccount() bool {
	return q.principal.Account != "" && q.principal.Account == q.identity.Account
}

// mayBeOwnAccount reports whether the principal may belong to it.
func (q *question) mayBeOwnAccount() bool {
	switch q.principal.Kind {
	case Service, Anonymous, Everybody:
		return false
	default:
		return q.principal.Account == "" || q.identity.Account == "" || q.ownAccount()
	}
}

// lookup is the values of a key. A key that is known to be absent has none.
func (q *question) lookup(key string) (values []string, known bool) {
	key = strings.ToLower(key)
	if values, known = q.context[key]; known {
		return values, true
	}
	return q.derive(key)
}

// single is the verdict on the one value of a key. A request without one is none
// of those that an entry names.
func (q *question) single(key string, verdictOn func(value string) verdict) verdict {
	values, known := q.lookup(key)
	switch {
	case !known:
		return dependsOn(key)
	case len(values) != 1:
		return no
	default:
		return verdictOn(values[0])
	}
}

// derive is what follows from the principal and the identity for a key in
// lower case.
func (q *question) derive(key string) (values []string, known bool) {
	p := q.principal
	switch key {
	case "aws:resourceaccount":
		return one(q.identity.Account)
	case "aws:principalaccount":
		if p.IsIAM() {
			return one(p.Account)
		}
	case "aws:principalarn":
		if p.hasARN() {
			return one(p.Name)
		}
	case "aws:principaltype":
		return one(principalTypes[p.Kind])
	case "aws:username":
		if p.Kind == User {
			return one(lastElement(p.Name))
		}
		return nil, p.Kind != Account && p.Kind != Everybody && p.Kind != Federated
	case "aws:userid":
		if p.Kind == Root {
			return one(p.Account)
		}
		return nil, p.Kind == Anonymous
	case "aws:principalisawsservice":
		if p.Kind == Anonymous {
			return nil, true
		}
		return one(strconv.FormatBool(p.Kind == Service))
	case "aws:principalservicename":
		if p.Kind == Service {
			return one(p.Name)
		}
		return nil, true
	case "aws:principalservicenameslist", "aws:sourceaccount", "aws:sourcearn", "aws:sourceorgid", "aws:sourceorgpaths":
		return nil, p.Kind != Service
	case "aws:principalorgid", "aws:principalorgpaths":
		return nil, p.Kind == Service || p.Kind == Anonymous
	}
	if strings.HasPrefix(key, "aws:principaltag/") {
		return nil, p.Kind == Service || p.Kind == Anonymous
	}
	return nil, false
}

// one is the known value of a key, not known if it is empty.
func one(value string) ([]string, bool) { return []string{value}, value != "" }

// principalTypes are the values of aws:PrincipalType
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#principaltable).
var principalTypes = map[Kind]string{
	Root: "Account", User: "User", FederatedUser: "FederatedUser",
	Role: "AssumedRole", Session: "AssumedRole", Anonymous: "Anonymous",
}
