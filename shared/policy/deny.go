package policy

import "sespolicy/shared/document"

// checkDeny warns of a Deny that cannot deny anything.
func (c *checker) checkDeny(s *Statement) {
	if !s.means(Deny) {
		return
	}
	if why := c.denysNothing(s); why != "" {
		c.warning(s.Effect.Fault(RuleDenyNothing, "this Deny denies nothing: "+why))
	}
}

// denysNothing returns the reason why a Deny has no effect, "" if it may have
// one. Actions count that SES may add later: a pattern in the namespace of SES
// denies something.
func (c *checker) denysNothing(s *Statement) string {
	switch {
	case s.NotPrincipal.Exists() && Everyone(s.NotPrincipal):
		return "NotPrincipal excepts everyone"
	case namesNobody(s.Principal):
		return "Principal names nobody"
	case anyValue(s.NotAction, coversSES):
		return "NotAction excepts every action of SES"
	case none(s.Action, forSES):
		return "no action of SES can match its Action"
	case anyValue(s.NotResource, c.isIdentity):
		return "NotResource excepts the identity that the policy is for"
	case none(s.Resource, c.isIdentity):
		return "Resource does not name the identity that the policy is for"
	default:
		return ""
	}
}

// namesNobody reports whether a Principal element exists and names no principal.
func namesNobody(n document.Node) bool {
	for _, list := range n.Members() {
		for range Values(list) {
			return false
		}
	}
	return n.IsObject()
}

// anyValue reports whether a string of the element meets the test.
func anyValue(element document.Node, test func(document.Node) bool) bool {
	for n := range Values(element) {
		if n.IsString() && test(n) {
			return true
		}
	}
	return false
}

// none reports whether the element exists, all its values are strings, and none
// of them meets the test.
func none(element document.Node, test func(document.Node) bool) bool {
	if !element.Exists() {
		return false
	}
	for n := range Values(element) {
		if !n.IsString() || test(n) {
			return false
		}
	}
	return true
}
