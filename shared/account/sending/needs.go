package sending

import (
	"fmt"
	"slices"
	"strings"

	"sespolicy/shared/access"
	"sespolicy/shared/account"
)

// The pages that say what sending as another account's identity takes.
const (
	delegatePage   = "https://docs.aws.amazon.com/ses/latest/dg/sending-authorization-delegate-sender-tasks-email.html"
	policyPage     = "https://docs.aws.amazon.com/ses/latest/dg/sending-authorization-identity-owner-tasks-policy.html"
	sandboxPage    = "https://docs.aws.amazon.com/ses/latest/dg/request-production-access.html"
	identitiesPage = "https://docs.aws.amazon.com/ses/latest/dg/creating-identities.html"
	permissionPage = "https://docs.aws.amazon.com/ses/latest/dg/control-user-access.html"
	crossPage      = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html"
	denyPage       = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html"
	endpointsPage  = "https://docs.aws.amazon.com/ses/latest/dg/global-endpoints.html"
)

// Need is something that has to be done, by the owner of the identity or by the
// delegate sender.
type Need struct {
	Who  string `json:"who"` // owner or delegate
	What string `json:"what"`
	Link string `json:"link"`
}

// needs are what has to be done so that mail can be sent. This command cannot
// see whether the delegate's part is done.
func needsOf(r *account.Region, name string, request access.Request, d access.Decision, levels []Level) []Need {
	needs := ownerNeeds(r, name, request, d, levels)
	if request.Principal.Kind == access.Service || request.Principal.Kind == access.Anonymous {
		return needs
	}
	identity := r.Identity(d.Identity.Name).ARN()
	permission := Need{"delegate", fmt.Sprintf("have an IAM policy that allows %s on %s", request.Action, identity), crossPage}
	if d.OwnAccount {
		permission.Link = permissionPage
		return append(needs, permission)
	}
	needs = append(needs, permission,
		Need{"delegate", "set FromEmailAddressIdentityArn (API v2), SourceArn (API v1) or the header X-SES-SOURCE-ARN (SMTP) to " + identity, delegatePage},
		Need{"delegate", fmt.Sprintf("call SES in %s, where the owner verified the identity", r.Owner.Region), delegatePage},
		Need{"delegate", fmt.Sprintf("move the sender's account out of the sandbox in %s to reach unverified recipients; the owner's has to be out too", r.Owner.Region), sandboxPage})
	if usesEndpoint(request, d) {
		needs = append(needs, Need{"owner", "for a multi-Region endpoint, put the same policy on the identity in the other Region", endpointsPage})
	}
	return needs
}

// ownerNeeds are what the owner has to do.
func ownerNeeds(r *account.Region, name string, request access.Request, d access.Decision, levels []Level) []Need {
	var needs []Need
	switch {
	case d.Answer == access.Denied:
		var places []string
		for _, s := range d.By {
			places = append(places, Place(s))
		}
		needs = append(needs, Need{"owner", "narrow or remove the Deny of " + strings.Join(places, " and ") + ": no Allow overrules it", denyPage})
	case d.Answer == access.NotAllowed && !d.OwnAccount:
		what := fmt.Sprintf("put a policy on %s that allows %s for %s", r.Identity(d.Identity.Name).ARN(), request.Action, request.Principal)
		if len(levels) > 1 && levels[0].Name == d.Identity.Name && levels[0].Policies > 0 && levels[1].Policies > 0 {
			what += fmt.Sprintf(" (those of %s do not count, because %s has its own)", levels[1].Name, levels[0].Name)
		}
		needs = append(needs, Need{"owner", what, policyPage})
	}
	_, domain, address := strings.Cut(name, "@")
	if !address {
		domain = name
	}
	closest := levels[len(levels)-1].Name
	if !strings.Contains(closest, "@") && !strings.EqualFold(closest, domain) && !d.OwnAccount {
		needs = append(needs, Need{"owner", fmt.Sprintf("consider verifying %s itself: it is verified by %s only, and AWS documents inherited verification as limited to straightforward sending",
			strings.ToLower(domain), closest), identitiesPage})
	}
	return needs
}

// usesEndpoint reports whether the request, or what its answer depends on, is
// about a multi-Region endpoint.
func usesEndpoint(request access.Request, d access.Decision) bool {
	about := func(key string) bool {
		return strings.EqualFold(key, "ses:MultiRegionEndpointId") || strings.EqualFold(key, "ses:ReplicaRegion")
	}
	for key, values := range request.Context {
		if about(key) && len(values) > 0 {
			return true
		}
	}
	return slices.ContainsFunc(d.Keys, about)
}
