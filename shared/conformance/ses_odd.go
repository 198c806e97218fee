package main

import "strings"

const (
	guidePolicies = guideSES + "sending-authorization-policies.html"
	users         = "policies in public repositories"
)

// oddPolicies are forms of a policy of which SES takes some, and changes some.
// The report shows how it stored them.
var oddPolicies = []Assumption{
	odd("ses/effect-in-capitals", Recorded, "policies that SES's own console wrote in 2022", "Effect may be written ALLOW.", element("Effect", "ALLOW")),
	odd("ses/action-in-capitals", Recorded, users, "An action counts whatever its case.", element("Action", "SES:SENDEMAIL")),
	odd("ses/account-id-as-principal", Recorded, users, "An account id is a principal, and may be stored as the ARN of the account's root.",
		func(c *check) string { return c.policy(principal(c.owner.Account)) }),
	odd("ses/lists-of-one", Recorded, users, "A list of one element means the element, and may be stored as the element.",
		func(c *check) string {
			return c.policy(map[string]any{"Action": []any{"ses:SendEmail"}, "Resource": []any{c.identityARN(c.identity)}})
		}),
	odd("ses/source-account-condition", Documented, guidePolicies, "The condition key aws:SourceAccount is taken.", sourceAccount("aws:SourceAccount")),
	odd("ses/date-without-seconds", Documented, guideSES+"sending-authorization-policy-examples.html", "A date in a condition may lack its seconds.",
		element("Condition", map[string]any{"DateGreaterThan": map[string]any{"aws:CurrentTime": "2021-08-31T12:00Z"}})),
	odd("ses/empty-sid", Recorded, users, "A Sid may be empty.", element("Sid", "")),
	odd("ses/version-2008", Documented, pageSES+"API_PutIdentityPolicy.html", "The version 2008-10-17 is taken.", version("2008-10-17")),
	unknown("ses/other-version", "A version that is no date is taken.", version("1")),
	unknown("ses/null-condition", "A Condition that is null is taken as none.", element("Condition", nil)),
	unknown("ses/null-sid", "A Sid that is null is taken as none.", element("Sid", nil)),
	unknown("ses/any-resource", "The resource * is taken.", element("Resource", "*")),
	unknown("ses/foreign-resource", "The ARN of another identity is taken as the resource.",
		func(c *check) string {
			return c.policy(map[string]any{"Resource": c.identityARN("foreign.example.com")})
		}),
	unknown("ses/resource-in-capitals", "The domain in the resource counts whatever its case.",
		func(c *check) string {
			return c.policy(map[string]any{"Resource": c.identityARN(strings.ToUpper(c.identity))})
		}),
	unknown("ses/spaces-around-values", "Spaces around an action are taken and kept.", element("Action", " ses:SendEmail ")),
}

// odd is an assumption that a policy is accepted. Whether its stored form means
// the same is not part of it: SES may drop null elements.
func odd(name string, sure Sure, source, statement string, text func(*check) string) Assumption {
	return Assumption{name, sure, source, statement, func(c *check) { c.takes(c.identity, c.identity, text(c)) }}
}

// unknown is odd for a form of which nobody knows whether SES takes it.
func unknown(name, statement string, text func(*check) string) Assumption {
	a := odd(name, Open, guidePolicies, statement, text)
	a.Ask = notLocal("whether SES takes it is not known; sespolicy local takes it, because the function must not refuse what SES may take", a.Ask)
	return a
}

func version(version string) func(*check) string {
	return func(c *check) string { return strings.Replace(c.policy(nil), "2012-10-17", version, 1) }
}
