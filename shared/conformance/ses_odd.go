package main

import (
	"context"
	"strings"
)

// notDocumented is why sespolicy local says nothing about an odd form.
const notDocumented = "whether SES takes it is not known; sespolicy local takes it, because the function must not refuse what SES may take"

// oddPolicies are forms of a policy of which SES takes some, and changes some.
// The report shows how it stored them.
func oddPolicies() []Assumption {
	asked := func(name, statement string, sure Sure, source string, change func(*world) map[string]any) Assumption {
		return oddPolicy(name, statement, sure, source, "", func(w *world) string { return w.policy(change(w)) })
	}
	open := func(name, statement string, change func(*world) map[string]any) Assumption {
		return oddPolicy(name, statement, Open, guideSES+"sending-authorization-policies.html", notDocumented, func(w *world) string { return w.policy(change(w)) })
	}
	const users = "policies in public repositories"
	return []Assumption{
		asked("ses/effect-in-capitals", "Effect may be written ALLOW.", Recorded, "policies that SES's own console wrote in 2022",
			func(*world) map[string]any { return map[string]any{"Effect": "ALLOW"} }),
		asked("ses/action-in-capitals", "An action counts whatever its case.", Recorded, users,
			func(*world) map[string]any { return map[string]any{"Action": "SES:SENDEMAIL"} }),
		asked("ses/account-id-as-principal", "An account id is a principal, and may be stored as the ARN of the account's root.", Recorded, users,
			func(w *world) map[string]any {
				return map[string]any{"Principal": map[string]any{"AWS": w.owner.Account}}
			}),
		asked("ses/lists-of-one", "A list of one element means the element, and may be stored as the element.", Recorded, users,
			func(w *world) map[string]any {
				return map[string]any{"Action": []any{"ses:SendEmail"}, "Resource": []any{w.identityARN(w.identity)}}
			}),
		asked("ses/source-account-condition", "The condition key aws:SourceAccount is taken.", Documented, guideSES+"sending-authorization-policies.html",
			func(w *world) map[string]any {
				return map[string]any{"Condition": sourceAccount(w, "aws:SourceAccount")}
			}),
		asked("ses/date-without-seconds", "A date in a condition may lack its seconds.", Documented, guideSES+"sending-authorization-policy-examples.html",
			func(*world) map[string]any {
				return map[string]any{"Condition": map[string]any{"DateGreaterThan": map[string]any{"aws:CurrentTime": "2021-08-31T12:00Z"}}}
			}),
		asked("ses/empty-sid", "A Sid may be empty.", Recorded, users,
			func(*world) map[string]any { return map[string]any{"Sid": ""} }),
		oddPolicy("ses/version-2008", "The version 2008-10-17 is taken.", Documented, pageSES+"API_PutIdentityPolicy.html", "",
			func(w *world) string { return strings.Replace(w.policy(nil), "2012-10-17", "2008-10-17", 1) }),
		oddPolicy("ses/other-version", "A version that is no date is taken.", Open, guideSES+"sending-authorization-policies.html", notDocumented,
			func(w *world) string { return strings.Replace(w.policy(nil), "2012-10-17", "1", 1) }),
		open("ses/null-condition", "A Condition that is null is taken as none.",
			func(*world) map[string]any { return map[string]any{"Condition": nil} }),
		open("ses/null-sid", "A Sid that is null is taken as none.",
			func(*world) map[string]any { return map[string]any{"Sid": nil} }),
		open("ses/any-resource", "The resource * is taken.",
			func(*world) map[string]any { return map[string]any{"Resource": "*"} }),
		open("ses/foreign-resource", "The ARN of another identity is taken as the resource.",
			func(w *world) map[string]any { return map[string]any{"Resource": w.identityARN("foreign.example.com")} }),
		open("ses/resource-in-capitals", "The domain in the resource counts whatever its case.",
			func(w *world) map[string]any {
				return map[string]any{"Resource": w.identityARN(strings.ToUpper(w.identity))}
			}),
		open("ses/spaces-around-values", "Spaces around an action are taken and kept.",
			func(*world) map[string]any { return map[string]any{"Action": " ses:SendEmail "} }),
	}
}

// oddPolicy is an assumption that a policy is accepted. Whether its stored form
// means the same is part of it, except for null elements, which SES may drop.
func oddPolicy(name, statement string, sure Sure, source, notLocal string, text func(*world) string) Assumption {
	short := strings.TrimPrefix(name, "ses/")
	return Assumption{
		Name: name, Statement: statement, Sure: sure, Source: source, NotLocal: notLocal,
		Check: func(ctx context.Context, w *world) (string, error) {
			if err := w.putPolicy(ctx, w.identity, short, text(w)); err != nil {
				if code(err) != "" {
					w.cleanup.done(policyStep(w.identity, short))
				}
				return "", err
			}
			got, err := w.getPolicy(ctx, w.identity, short)
			if err == nil && got == "" {
				err = differs("the policy", "none")
			}
			if removed := w.deletePolicy(ctx, w.identity, short); err == nil {
				err = removed
			}
			if err != nil || got == text(w) {
				return "", err
			}
			return "stored as " + got, nil
		},
	}
}
