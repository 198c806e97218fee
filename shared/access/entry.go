package access

import (
	"regexp"
	"strings"

	"sespolicy/shared/identity"
)

// entry is one principal of a Principal or NotPrincipal element
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html).
type entry struct {
	member string // AWS, Service, Federated, CanonicalUser; empty for the bare "*"
	text   string
	arn    arn    // of a text that is an ARN
	kind   Kind   // what the text names
	doubt  string // why it may not count at all
}

// uniqueID is the unique id of a user (AIDA) or role (AROA). A policy shows it
// where its principal was deleted.
var uniqueID = regexp.MustCompile(`^A(IDA|ROA)[A-Z0-9]{12,}$`)

func newEntry(member, text string) entry {
	e := entry{member: member, text: text, kind: Other}
	if member == "" && text != "*" {
		e.member, e.doubt = "AWS", "a Principal that is a string other than *"
	}
	switch member = e.member; {
	case text == "*" && (member == "" || member == "AWS"):
		e.kind = Everybody
	case member == "AWS" && identity.IsAccount(text):
		e.kind, e.arn.account = Account, text
	case member == "AWS":
		if a, ok := splitARN(text); ok {
			e.arn, e.kind = a, a.kind()
		}
		if e.kind == Root {
			e.kind = Account // the account's root ARN stands for all of the account
		}
	case member == "Service":
		e.kind = Service
	case member == "Federated":
		e.kind = Federated
	}
	return e
}

// names is whether the principal is the one of the request.
func (e entry) names(q *question) verdict {
	v := e.compare(q)
	if e.doubt != "" && v.truth == isTrue {
		return inDoubt(e.doubt)
	}
	return v
}

func (e entry) compare(q *question) verdict {
	p := q.principal
	switch e.member {
	case "Service":
		return compareName(e.text, p, Service)
	case "Federated":
		if p.IsIAM() && p.Kind != Root && p.Kind != User {
			return inDoubt("whether an identity provider in a sending authorization policy stands for role sessions")
		}
		return compareName(e.text, p, Federated)
	case "AWS", "":
		return e.compareIAM(q)
	default:
		return given(p.Kind != Service && p.Kind != Anonymous).and(inDoubt("a principal that is neither AWS nor Service nor Federated"))
	}
}

// compareName compares the name of a service or provider. Another case and
// wildcards are documented nowhere.
func compareName(text string, p Principal, kind Kind) verdict {
	switch {
	case p.Kind != kind:
		return no
	case p.Name == text:
		return yes
	case newPattern(text).fold().match(strings.ToLower(p.Name)):
		return inDoubt("a " + string(kind) + " principal in another case or with a wildcard")
	default:
		return no
	}
}

func (e entry) compareIAM(q *question) verdict {
	p := q.principal
	switch {
	case e.kind == Everybody:
		return yes
	case strings.ContainsAny(e.text, "*?"):
		return e.compareWildcard(p)
	case uniqueID.MatchString(e.text):
		return e.compareID(q)
	case p.Kind == Federated:
		return e.compareFederated(q)
	case !p.IsIAM() || e.arn.account != p.Account || !e.samePartition(q):
		return no
	case e.kind == Account:
		return yes
	case p.Kind == Account:
		return e.compareARN(q)
	case e.kind == Role && p.Kind == Session:
		a, _ := splitARN(p.Name)
		return given(e.arn.roleName() == a.roleName())
	case e.kind == Session && p.Kind == Role:
		a, _ := splitARN(p.Name)
		return e.compareSessionOf(q, a)
	case e.kind == User && p.Kind == FederatedUser:
		return inDoubt("whether a user stands for the sessions of GetFederationToken")
	default:
		return given(e.text == p.Name)
	}
}

// samePartition: partitions have accounts of their own. An account id stands
// for the partition of the identity.
func (e entry) samePartition(q *question) bool {
	entry, principal := e.arn.partition, q.principal.Partition
	if entry == "" {
		entry = q.identity.Partition
	}
	if principal == "" {
		principal = q.identity.Partition
	}
	return entry == "" || principal == "" || entry == principal
}

// compareARN compares with somebody of whom only the account is known, and
// aws:PrincipalArn maybe.
func (e entry) compareARN(q *question) verdict {
	const key = "aws:PrincipalArn"
	if e.kind == Other {
		return no
	}
	return q.single(key, func(value string) verdict {
		if e.kind != Session {
			return given(e.text == value)
		}
		a, ok := splitARN(value)
		if !ok || a.kind() != Role || a.account != e.arn.account {
			return no
		}
		return e.compareSessionOf(q, a)
	})
}

// compareSessionOf compares with a session of a role whose name is not known.
func (e entry) compareSessionOf(q *question, role arn) verdict {
	const key = "aws:userid" // ROLE-ID:SESSION-NAME
	if e.arn.roleName() != role.roleName() {
		return no
	}
	return q.single(key, func(value string) verdict {
		_, session, _ := strings.Cut(value, ":")
		return given(session == e.arn.sessionName())
	})
}

// compareFederated compares with somebody whom a provider authenticated: the
// account and ARN of the session are not known.
func (e entry) compareFederated(q *question) verdict {
	const key = "aws:PrincipalAccount"
	return q.single(key, func(value string) verdict {
		switch {
		case value != e.arn.account:
			return no
		case e.kind == Account:
			return yes
		default:
			return inDoubt("which role or user a federated principal is")
		}
	})
}

// compareID compares a unique id with the start of aws:userid.
func (e entry) compareID(q *question) verdict {
	const key = "aws:userid"
	switch q.principal.Kind {
	case Account, User, Role, Session, Federated:
	default:
		return no
	}
	isUser := strings.HasPrefix(e.text, "AIDA")
	if q.principal.Kind == User && !isUser || (q.principal.Kind == Role || q.principal.Kind == Session) && isUser {
		return no
	}
	return q.single(key, func(value string) verdict {
		id, _, _ := strings.Cut(value, ":")
		return given(id == e.text)
	})
}

// compareWildcard compares a principal with a wildcard inside. The documentation
// says that it cannot match, so a match is in doubt.
func (e entry) compareWildcard(p Principal) verdict {
	maybe := inDoubt("a wildcard inside a principal")
	account := newPattern(e.arn.account)
	switch {
	case p.Kind == Service || p.Kind == Anonymous:
		return no
	case e.arn == (arn{}): // not even the form of an ARN
		return maybe
	case p.Kind == Everybody || p.Account == "":
		return given(account.wild()).and(maybe)
	default:
		return given(account.match(p.Account)).and(maybe)
	}
}
