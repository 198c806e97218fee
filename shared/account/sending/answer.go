package sending

import (
	"fmt"

	"sespolicy/shared/access"
	"sespolicy/shared/account"
)

// Answer is whether a principal may send, and why.
type Answer struct {
	Answer  string            `json:"answer"`  // yes, no or unknown
	By      *access.Statement `json:"by"`      // the statement that decides, or may
	Unknown []string          `json:"unknown"` // condition keys that it depends on
	Needs   []Need            `json:"needs"`
	Doubts  []string          `json:"doubts"` // what the documentation leaves open
	Region  string            `json:"region"`
	// Identity is the one whose policies decided; empty if there is none.
	Identity string `json:"identity"`
	Reason   string `json:"reason"`
	// Deciding are all statements that decide, or may.
	Deciding []access.Statement `json:"-"`
}

// Ask answers whether a request to send as name is allowed.
func Ask(r *account.Region, name string, request access.Request) (Answer, error) {
	levels, policies, err := Levels(r, name)
	if err != nil {
		return Answer{}, err
	}
	a := Answer{Answer: "no", Unknown: []string{}, Doubts: []string{}, Region: r.Owner.Region}
	if len(levels) == 0 {
		a.Reason = fmt.Sprintf("account %s has no identity for %s in %s", r.Owner.Account, name, r.Owner.Region)
		a.Needs = []Need{{"owner", fmt.Sprintf("verify %s or its domain in %s, then grant the sending", name, r.Owner.Region), identitiesPage}}
		return a, nil
	}
	d := access.Decide(request, policies...)
	a.Identity, a.Deciding = d.Identity.Name, d.By
	a.Unknown, a.Doubts = append(a.Unknown, d.Keys...), append(a.Doubts, d.Doubts...)
	if len(d.By) > 0 {
		a.By = &d.By[0]
	}
	where := fmt.Sprintf("the policies of %s in %s", d.Identity.Name, r.Owner.Region)
	switch {
	case d.Answer == access.Allowed:
		a.Answer, a.Reason = "yes", where+" allow it"
	case d.Answer == access.Denied:
		a.Reason = where + " deny it, and an explicit Deny wins"
	case d.Answer == access.NotAllowed && d.OwnAccount:
		a.Answer, a.Reason = "unknown", fmt.Sprintf("%s neither allow nor deny it; the principal is of the owner's account, so its IAM permissions decide", where)
	case d.Answer == access.NotAllowed:
		a.Reason = "no statement of " + where + " allows it"
	default:
		a.Answer, a.Reason = "unknown", where+" leave it open"
	}
	a.Needs = needsOf(r, name, request, d, levels)
	return a, nil
}
