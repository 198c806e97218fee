package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
)

// identities are the assumptions about identities and the four policy actions.
var identities = []Assumption{
	{"ses/put-replaces", Documented, pageSES + "API_PutIdentityPolicy.html",
		"PutIdentityPolicy of a name that exists replaces the policy.",
		func(c *check) {
			c.put(c.identity, c.policy(nil))
			second := c.policy(map[string]any{"Action": "ses:SendRawEmail"})
			c.means(c.takes(c.identity, c.identity, second), second)
		}},
	{"ses/delete-of-nothing", Documented, pageSES + "API_DeleteIdentityPolicy.html",
		"DeleteIdentityPolicy removes a policy, and succeeds when there is none.",
		func(c *check) {
			c.put(c.identity, c.policy(nil))
			c.stored(c.identity)
			c.delete(c.identity)
			c.delete(c.identity)
			left := c.get(c.identity, c.policyName())
			c.want(len(left) == 0, "no policy", "%v", left)
		}},
	{"ses/list-and-missing-names", Documented, pageSES + "API_GetIdentityPolicies.html",
		"ListIdentityPolicies has the name of each policy, and GetIdentityPolicies leaves out names that do not exist.",
		func(c *check) {
			c.put(c.identity, c.policy(nil))
			names, err := c.list(c.identity)
			c.must(err)
			c.want(slices.Contains(names, c.policyName()), "the name "+c.policyName(), "%v", names)
			found := c.get(c.identity, c.policyName(), c.prefix+"nowhere")
			c.want(len(found) == 1 && found[c.policyName()] != "", "one policy", "%d", len(found))
			c.delete(c.identity)
		}},
	{"ses/identity-by-arn", Documented, pageSES + "API_PutIdentityPolicy.html",
		"An identity may be given by its ARN.",
		func(c *check) {
			c.means(c.takes(c.identityARN(c.identity), c.identity, c.policy(nil)), c.policy(nil))
		}},
	{"ses/domain-in-any-case", Documented, guideSES + "creating-identities.html",
		"A domain is one identity whatever its case.",
		func(c *check) {
			if strings.Contains(c.identity, "@") {
				c.cannot("CONFORMANCE_IDENTITY is an address")
			}
			c.means(c.takes(strings.ToUpper(c.identity), c.identity, c.policy(nil)), c.policy(nil))
		}},
	{"ses/address-to-the-letter", Documented, guideSES + "creating-identities.html",
		"An address is another identity in another case: a policy put on the one is not on the other.",
		func(c *check) {
			if c.address == "" {
				c.cannot("CONFORMANCE_ADDRESS names no address identity")
			}
			local, host, _ := strings.Cut(c.address, "@")
			other := local + "@" + strings.ToUpper(host)
			c.put(c.address, c.policy(map[string]any{"Resource": c.identityARN(c.address)}))
			c.stored(c.address)
			names, err := c.list(other)
			if code(err) != "" && !notServed(err) {
				c.observe("%s: %s", other, brief(err))
				return
			}
			c.must(err)
			c.want(!slices.Contains(names, c.policyName()), "no policy on "+other, "that of %s", c.address)
		}},
	{"ses/v2-shows-the-policies", Documented, pageSESv2 + "API_GetEmailIdentity.html",
		"GetEmailIdentity of SES v2 returns the policies that the v1 actions put.",
		func(c *check) {
			c.put(c.identity, c.policy(nil))
			out := call(c, c.mailV2.GetEmailIdentity, &sesv2.GetEmailIdentityInput{EmailIdentity: &c.identity})
			c.means(out.Policies[c.policyName()], c.policy(nil))
			c.delete(c.identity)
		}},
	{"ses/v2-unknown-identity", Documented, pageSESv2 + "API_GetEmailIdentity.html",
		"GetEmailIdentity of an identity that does not exist is refused with NotFoundException, HTTP 404.",
		func(c *check) {
			in := &sesv2.GetEmailIdentityInput{EmailIdentity: aws.String(c.prefix + "nowhere.example.com")}
			c.refusedAs(failure(c, c.mailV2.GetEmailIdentity, in), http.StatusNotFound, "NotFoundException")
		}},
}

// noIAM is why sespolicy local says nothing about principals.
const noIAM = "sespolicy local has no IAM: every principal exists"

// policies are the assumptions about what is a policy.
var policies = []Assumption{
	{"ses/new-principal", Open, "https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html",
		"A role that was just made is accepted as a principal within three minutes.", notLocal(noIAM, newPrincipal)},
	{"ses/unknown-principal", Recorded, "Terraform users report it for aws_ses_identity_policy",
		"A policy with a role that does not exist is refused with InvalidPolicy and a message that speaks of a principal.",
		notLocal(noIAM, func(c *check) {
			role := fmt.Sprintf("arn:%s:iam::%s:role/%snowhere", c.owner.Partition, c.owner.Account, c.prefix)
			err := c.tryPut(c.identity, c.policy(principal(role)))
			c.refused(err, "InvalidPolicy")
			c.want(strings.Contains(strings.ToLower(err.Error()), "principal"), "a message that speaks of a principal", "%s", brief(err))
			c.observe("%s", brief(err))
		})},
	refused("ses/no-json", Documented, "A policy that is no JSON", func(*check) string { return "nonsense" }),
	refused("ses/no-statement", Documented, "A policy without a statement", func(*check) string { return `{"Version":"2012-10-17","Statement":[]}` }),
	refused("ses/no-effect", Documented, "A statement without an Effect", element("Effect", absent)),
	refused("ses/no-principal", Documented, "A statement without a Principal", element("Principal", absent)),
	refused("ses/no-action", Documented, "A statement without an Action", element("Action", absent)),
	refused("ses/condition-key-in-capitals", Recorded, "The condition key AWS:SourceAccount", sourceAccount("AWS:SourceAccount")),
	refused("ses/over-4-kb", Documented, "A policy of more than 4,096 bytes without whitespace", element("Sid", strings.Repeat("x", 4096))),
	{"ses/whitespace-counts", Open, pageSES + "API_PutIdentityPolicy.html",
		"Whitespace counts against the 4 KB: a text of over 4,096 bytes is refused with InvalidPolicy though it would fit without its whitespace.",
		notLocal("the unit of the 4 KB is not documented; sespolicy local counts every byte, so that what it takes fits", func(c *check) {
			c.refuses(strings.Replace(c.policy(nil), "{", "{"+strings.Repeat(" ", 4096), 1))
		})},
	{"ses/stored-without-whitespace", Reported, "users of Terraform and of the AWS CLI",
		"SES stores the text without its whitespace.",
		func(c *check) {
			var indented bytes.Buffer
			c.must(json.Indent(&indented, []byte(c.policy(nil)), "", "  "))
			c.put(c.identity, indented.String())
			stored := c.stored(c.identity)
			c.want(!strings.ContainsAny(stored, " \n"), "a text without whitespace", "%q", stored)
			c.delete(c.identity)
		}},
	{"ses/name-of-64-characters", Documented, pageSES + "API_PutIdentityPolicy.html",
		"A policy name may have 64 letters, digits, hyphens and underscores; one of 65 is refused with ValidationError.",
		func(c *check) {
			c.name = "a_Z-9" + strings.Repeat("x", 64-5-len(c.prefix))
			c.put(c.identity, c.policy(nil))
			c.delete(c.identity)
			c.name += "x"
			c.refused(c.tryPut(c.identity, c.policy(nil)), "ValidationError")
		}},
	{"ses/name-with-a-period", Reported, "messages that users quote",
		"A policy name with a period is refused with InvalidParameterValue.",
		func(c *check) {
			c.name = "a.b"
			c.refused(c.tryPut(c.identity, c.policy(nil)), "InvalidParameterValue")
		}},
	{"ses/at-most-20-policies", Reported, guideSES + "quotas.html",
		"The 21st policy of an identity is refused with InvalidParameterValue.", twentyFirst},
}

// refused is an assumption that a text is refused with InvalidPolicy.
func refused(name string, sure Sure, what string, text func(*check) string) Assumption {
	return Assumption{name, sure, pageSES + "API_PutIdentityPolicy.html", what + " is refused with InvalidPolicy.", func(c *check) { c.refuses(text(c)) }}
}

// element is a policy whose statement has another value for an element.
func element(name string, value any) func(*check) string {
	return func(c *check) string { return c.policy(map[string]any{name: value}) }
}

func principal(name string) map[string]any {
	return map[string]any{"Principal": map[string]any{"AWS": name}}
}

func sourceAccount(key string) func(*check) string {
	return func(c *check) string {
		return c.policy(map[string]any{"Condition": map[string]any{"StringEquals": map[string]any{key: c.owner.Account}}})
	}
}

// newPrincipal measures from the start of the run how long SES refuses a role.
func newPrincipal(c *check) {
	if c.principal == "" {
		c.cannot("CONFORMANCE_PRINCIPAL names no role: make one, and set it to the role's ARN within the same minute")
	}
	for refusals := 0; ; refusals++ {
		err := c.tryPut(c.identity, c.policy(principal(c.principal)))
		took := time.Since(c.began).Round(time.Second)
		if code(err) != "InvalidPolicy" {
			c.must(err)
			c.observe("accepted %v after the start, after %d refusals", took, refusals)
			c.delete(c.identity)
			return
		}
		c.want(took <= 3*time.Minute, "accepted within three minutes", "%d refusals, the last: %s", refusals+1, brief(err))
	}
}

// twentyFirst fills an identity up with policies, and tries one more.
func twentyFirst(c *check) {
	names, err := c.list(c.identity)
	c.must(err)
	var own []string
	for i := len(names); i < 20; i++ {
		c.name = fmt.Sprintf("quota-%d", i)
		own = append(own, c.name)
		c.put(c.identity, c.policy(nil))
	}
	c.name = "quota-over"
	verdict := c.tryPut(c.identity, c.policy(nil))
	for _, c.name = range append(own, c.name) { // later checks need room
		c.delete(c.identity)
	}
	c.refused(verdict, "InvalidParameterValue")
}
