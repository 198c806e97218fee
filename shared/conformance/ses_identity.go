package main

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
)

// identities are the assumptions about identities and the four policy actions.
func identities() []Assumption {
	return []Assumption{
		{
			Name: "ses/put-replaces", Sure: Documented, Source: pageSES + "API_PutIdentityPolicy.html",
			Statement: "PutIdentityPolicy of a name that exists replaces the policy.",
			Check: func(ctx context.Context, w *world) (string, error) {
				if err := w.putPolicy(ctx, w.identity, "replaced", w.policy(nil)); err != nil {
					return "", err
				}
				second := w.policy(map[string]any{"Action": "ses:SendRawEmail"})
				if err := w.putPolicy(ctx, w.identity, "replaced", second); err != nil {
					return "", err
				}
				return w.stored(ctx, w.identity, "replaced", second)
			},
		},
		{
			Name: "ses/delete-of-nothing", Sure: Documented, Source: pageSES + "API_DeleteIdentityPolicy.html",
			Statement: "DeleteIdentityPolicy removes a policy, and succeeds when there is none.",
			Check: func(ctx context.Context, w *world) (string, error) {
				if err := w.putPolicy(ctx, w.identity, "removed", w.policy(nil)); err != nil {
					return "", err
				}
				if text, err := w.getPolicy(ctx, w.identity, "removed"); err != nil || text == "" {
					return "", cmpError(err, differs("the policy", "none"))
				}
				for range 2 {
					if err := w.deletePolicy(ctx, w.identity, "removed"); err != nil {
						return "", err
					}
				}
				return "", w.hasNoPolicy(ctx, w.identity, "removed")
			},
		},
		{
			Name: "ses/list-and-missing-names", Sure: Documented, Source: pageSES + "API_GetIdentityPolicies.html",
			Statement: "ListIdentityPolicies has the name of each policy, and GetIdentityPolicies leaves out names that do not exist.",
			Check: func(ctx context.Context, w *world) (string, error) {
				if err := w.putPolicy(ctx, w.identity, "listed", w.policy(nil)); err != nil {
					return "", err
				}
				names, err := w.listPolicies(ctx, w.identity)
				if err != nil {
					return "", err
				}
				if !slices.Contains(names, w.policyName("listed")) {
					return "", differs("the name "+w.policyName("listed"), "%v", names)
				}
				var found map[string]string
				err = w.paced(ctx, func() error {
					found, err = w.callGet(ctx, w.identity, "listed", "nowhere")
					return err
				})
				if err == nil && (len(found) != 1 || found[w.policyName("listed")] == "") {
					err = differs("one policy", "%d", len(found))
				}
				return "", cmpError(err, w.deletePolicy(ctx, w.identity, "listed"))
			},
		},
		{
			Name: "ses/identity-by-arn", Sure: Documented, Source: pageSES + "API_PutIdentityPolicy.html",
			Statement: "An identity may be given by its ARN.",
			Check: func(ctx context.Context, w *world) (string, error) {
				return w.sameIdentity(ctx, "by-arn", w.identityARN(w.identity), w.identity)
			},
		},
		{
			Name: "ses/domain-in-any-case", Sure: Documented, Source: guideSES + "creating-identities.html",
			Statement: "A domain is one identity whatever its case.",
			Check: func(ctx context.Context, w *world) (string, error) {
				if strings.Contains(w.identity, "@") {
					return "", unaskable("CONFORMANCE_IDENTITY is an address")
				}
				return w.sameIdentity(ctx, "by-case", strings.ToUpper(w.identity), w.identity)
			},
		},
		{
			Name: "ses/address-to-the-letter", Sure: Documented, Source: guideSES + "creating-identities.html",
			Statement: "An address is another identity in another case: a policy put on the one is not on the other.",
			Check: func(ctx context.Context, w *world) (string, error) {
				if w.address == "" {
					return "", unaskable("CONFORMANCE_ADDRESS names no address identity")
				}
				local, host, _ := strings.Cut(w.address, "@")
				other := local + "@" + strings.ToUpper(host)
				text := w.policy(map[string]any{"Resource": w.identityARN(w.address)})
				if err := w.putPolicy(ctx, w.address, "own-case", text); err != nil {
					return "", err
				}
				if seen, err := w.getPolicy(ctx, w.address, "own-case"); err != nil || seen == "" {
					return "", cmpError(err, differs("the policy", "none"))
				}
				names, err := w.listPolicies(ctx, other)
				if code(err) != "" && !notServed(err) {
					return other + ": " + brief(err), nil
				}
				if err == nil && slices.Contains(names, w.policyName("own-case")) {
					err = differs("no policy on "+other, "that of %s", w.address)
				}
				return "", err
			},
		},
		{
			Name: "ses/v2-shows-the-policies", Sure: Documented, Source: pageSESv2 + "API_GetEmailIdentity.html",
			Statement: "GetEmailIdentity of SES v2 returns the policies that the v1 actions put.",
			Check: func(ctx context.Context, w *world) (string, error) {
				if err := w.putPolicy(ctx, w.identity, "seen-by-v2", w.policy(nil)); err != nil {
					return "", err
				}
				out, err := w.mailV2.GetEmailIdentity(ctx, &sesv2.GetEmailIdentityInput{EmailIdentity: &w.identity})
				if err != nil {
					return "", err
				}
				if got := out.Policies[w.policyName("seen-by-v2")]; !w.sameMeaning(got, w.policy(nil)) {
					return "", differs("the policy", "%q", got)
				}
				return "", w.deletePolicy(ctx, w.identity, "seen-by-v2")
			},
		},
		{
			Name: "ses/v2-unknown-identity", Sure: Documented, Source: pageSESv2 + "API_GetEmailIdentity.html",
			Statement: "GetEmailIdentity of an identity that does not exist is refused with NotFoundException, HTTP 404.",
			Check: func(ctx context.Context, w *world) (string, error) {
				_, err := w.mailV2.GetEmailIdentity(ctx, &sesv2.GetEmailIdentityInput{EmailIdentity: aws.String(w.prefix + "nowhere.example.com")})
				return "", refusedAs(err, http.StatusNotFound, "NotFoundException")
			},
		},
	}
}

// sameIdentity checks that a policy put on an identity under one name is there
// under the other.
func (w *world) sameIdentity(ctx context.Context, name, one, other string) (string, error) {
	if err := w.putPolicy(ctx, one, name, w.policy(nil)); err != nil {
		return "", err
	}
	return w.stored(ctx, other, name, w.policy(nil))
}

// stored checks that a policy is there and means the same, removes it, and
// returns how SES wrote it if that is another text.
func (w *world) stored(ctx context.Context, identity, name, text string) (string, error) {
	got, err := w.getPolicy(ctx, identity, name)
	if err == nil && got == "" {
		err = differs("the policy", "none")
	}
	if err == nil && !w.sameMeaning(got, text) {
		err = differs("a policy that means "+text, "%s", got)
	}
	if removed := w.deletePolicy(ctx, identity, name); err == nil {
		err = removed
	}
	if err != nil || got == text {
		return "", err
	}
	return "stored as " + got, nil
}

func (w *world) hasNoPolicy(ctx context.Context, identity, name string) error {
	text, err := w.getPolicy(ctx, identity, name)
	if err == nil && text != "" {
		return differs("no policy", "%s", text)
	}
	return err
}

// cmpError is the first error that is one.
func cmpError(first, second error) error {
	if first != nil {
		return first
	}
	return second
}
