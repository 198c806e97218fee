package access

// principals is a Principal or NotPrincipal element.
type principals struct {
	entries []entry
	except  bool // NotPrincipal
}

func (ps principals) include(q *question) verdict {
	if ps.except {
		return ps.leaveOut(q).not()
	}
	v := no
	for _, e := range ps.entries {
		v = v.or(e.names(q))
	}
	return v
}

// leaveOut is whether a NotPrincipal leaves out the principal of the request.
// AWS "might validate the account first, then the role, and then the
// assumed-role user": who is named without them is in doubt
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html).
func (ps principals) leaveOut(q *question) verdict {
	account, role, self := no, no, no
	for _, e := range ps.entries {
		v := e.names(q)
		switch {
		case e.kind == Everybody:
			account, role, self = account.or(v), role.or(v), self.or(v)
		case e.kind == Account && q.principal.IsIAM():
			account = account.or(v)
		case e.kind == Role && (q.principal.Kind == Role || q.principal.Kind == Session):
			role = role.or(v)
		default:
			self = self.or(v)
		}
	}
	some := account.or(role).or(self)
	switch q.principal.Kind {
	case Root:
		return some
	case Account, User, FederatedUser:
		return account.and(self).or(some.and(partlyLeftOut))
	case Role, Session:
		return account.and(role).and(self).or(some.and(partlyLeftOut))
	default:
		return some
	}
}

var partlyLeftOut = inDoubt("a NotPrincipal that leaves out a principal but not its account and role, or the other way round")
