package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"

	"sespolicy/shared/account/sending"
)

// The documentation that the cases are from.
const (
	docExamples  = "https://docs.aws.amazon.com/ses/latest/dg/sending-authorization-policy-examples.html"
	docOwner     = "https://docs.aws.amazon.com/ses/latest/dg/sending-authorization-identity-owner-tasks-policy.html"
	docCreating  = "https://docs.aws.amazon.com/ses/latest/dg/creating-identities.html"
	docLogic     = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html"
	docPrincipal = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html"
	docNot       = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html"
	docAction    = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_action.html"
	docNotAction = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notaction.html"
	docOperators = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html"
	docMulti     = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-logic-multiple-context-keys-or-values.html"
	docSets      = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html"
	docKeys      = "https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsimpleemailservicev2.html"
	docGlobal    = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html"
	docConfused  = "https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html"
	docTenants   = "https://docs.aws.amazon.com/ses/latest/dg/tenants.html"
	docEndpoints = "https://docs.aws.amazon.com/ses/latest/dg/global-endpoints.html"
)

// sendCase is one question. In statements, RES is the identity's own ARN as the
// Resource, ALLOW and DENY an effect with sending, and A and B the accounts
// 111122223333 and 444455556666. DOMAIN is the case's own domain.
type sendCase struct {
	reason          string
	domain, address []string // statements, one policy each
	flags           string   // beside --from news@DOMAIN
	want            string   // answer
	by              string   // PolicyName/statement, empty for none
	link            string
}

const (
	toA    = `ALLOW,"Principal":{"AWS":"A"}`
	toRole = `ALLOW,"Principal":{"AWS":"arn:aws:iam::A:role/mailer"}`
	toAll  = `ALLOW,"Principal":"*"`
	role   = "--principal arn:aws:iam::A:role/mailer"
	anyOfA = "--principal A"
)

// one is a policy of one statement.
func one(statement string) []string { return []string{statement} }

// under adds a condition to a statement.
func under(statement, condition string) []string {
	return one(statement + `,"Condition":{` + condition + `}`)
}

var sendCases = []sendCase{
	{"an account is allowed", one(toA), nil, anyOfA, "yes", "P0/0", docExamples},
	{"an account means all of its principals", one(toA), nil, role, "yes", "P0/0", docPrincipal},
	{"the root ARN means the account", one(`ALLOW,"Principal":{"AWS":"arn:aws:iam::A:root"}`), nil, role, "yes", "P0/0", docPrincipal},
	{"another account is not", one(toA), nil, "--principal B", "no", "", docLogic},
	{"a role is allowed", one(toRole), nil, role, "yes", "P0/0", docPrincipal},
	{"a session of the role is", one(toRole), nil, "--principal arn:aws:sts::A:assumed-role/mailer/s", "yes", "P0/0", docPrincipal},
	{"another role is not", one(toRole), nil, "--principal arn:aws:iam::A:role/other", "no", "", docPrincipal},
	{"one user of two", one(`ALLOW,"Principal":{"AWS":["arn:aws:iam::A:user/John","arn:aws:iam::B:user/Jane"]}`), nil, "--principal arn:aws:iam::B:user/Jane", "yes", "P0/0", docExamples},
	{"no policy", nil, nil, anyOfA, "no", "", docLogic},
	{"another action", one(toA), nil, anyOfA + " --action ses:SendBulkEmail", "no", "", docAction},
	{"SendRawEmail has to be listed", one(toA), nil, anyOfA + " --action ses:SendRawEmail", "no", "", docAction},
	{"a wildcard action", one(strings.Replace(toA, "ALLOW", `"Effect":"Allow",RES,"Action":"ses:Send*"`, 1)), nil, anyOfA + " --action ses:SendRawEmail", "yes", "P0/0", docAction},
	{"the case of an action does not count", one(strings.Replace(toA, "ALLOW", `"Effect":"Allow",RES,"Action":"SES:sendemail"`, 1)), nil, anyOfA, "yes", "P0/0", docAction},
	{"NotAction", one(strings.Replace(toA, "ALLOW", `"Effect":"Allow",RES,"NotAction":"ses:SendRawEmail"`, 1)), nil, anyOfA, "yes", "P0/0", docNotAction},
	{"a Deny in another policy wins", []string{toA, `DENY,"Principal":{"AWS":"A"}`}, nil, anyOfA, "no", "P1/0", docLogic},
	{"a Deny of everybody wins", []string{toA, `DENY,"Principal":"*"`}, nil, anyOfA, "no", "P1/0", docLogic},
	{"a Deny of somebody else does not", []string{toA, `DENY,"Principal":{"AWS":"arn:aws:iam::B:user/x"}`}, nil, role, "yes", "P0/0", docLogic},
	{"a Deny except for somebody", []string{toAll, `DENY,"NotPrincipal":{"AWS":"arn:aws:iam::B:user/x"}`}, nil, "--principal arn:aws:iam::A:user/y", "no", "P1/0", docNot},
	{"the address denies, its domain allows", one(toA), one(`DENY,"Principal":{"AWS":"A"}`), anyOfA, "no", "P0/0", docOwner},
	{"the domain denies, its address allows", one(`DENY,"Principal":{"AWS":"A"}`), one(toA), anyOfA, "yes", "P0/0", docOwner},
	{"the address allows somebody else", one(toA), one(`ALLOW,"Principal":{"AWS":"B"}`), anyOfA, "no", "", docOwner},
	{"a label of the address", nil, one(toA), anyOfA + " --from news+june@DOMAIN", "yes", "P0/0", docCreating},
	{"an address of a subdomain", one(toA), nil, anyOfA + " --from a@eu.DOMAIN", "yes", "P0/0", docCreating},
	{"another domain is no identity", one(toA), nil, anyOfA + " --from a@elsewhere.example", "no", "", docCreating},
	{"addresses count to the letter", nil, one(`ALLOW,"Principal":{"AWS":"B"}`), anyOfA + " --from News@DOMAIN", "no", "", docCreating},
	{"everybody", one(toAll), nil, "--principal *", "yes", "P0/0", docPrincipal},
	{"everybody of an organization, it is", under(toAll, `"StringEquals":{"aws:PrincipalOrgID":"o-x"}`), nil, role + " --set aws:PrincipalOrgID=o-x", "yes", "P0/0", docExamples},
	{"everybody of an organization, it is not", under(toAll, `"StringEquals":{"aws:PrincipalOrgID":"o-x"}`), nil, role + " --set aws:PrincipalOrgID=o-y", "no", "", docExamples},
	{"everybody of an organization, in none", under(toAll, `"StringEquals":{"aws:PrincipalOrgID":"o-x"}`), nil, role + " --set aws:PrincipalOrgID", "no", "", docGlobal},
	{"everybody of an organization, not known", under(toAll, `"StringEquals":{"aws:PrincipalOrgID":"o-x"}`), nil, role, "unknown", "P0/0", docGlobal},
	{"the From address matches", under(toA, `"StringLike":{"ses:FromAddress":"news@*"}`), nil, anyOfA, "yes", "P0/0", docExamples},
	{"the From address does not", under(toA, `"StringLike":{"ses:FromAddress":"billing@*"}`), nil, anyOfA, "no", "", docExamples},
	{"the display name", under(toA, `"StringEquals":{"ses:FromDisplayName":"News"}`), nil, anyOfA + " --from News_<news@DOMAIN>", "yes", "P0/0", docExamples},
	{"the Return-Path is not known", under(toA, `"StringEquals":{"ses:FeedbackAddress":"bounce@example.com"}`), nil, anyOfA, "unknown", "P0/0", docExamples},
	{"the Return-Path", under(toA, `"StringEquals":{"ses:FeedbackAddress":"bounce@example.com"}`), nil, anyOfA + " --set ses:FeedbackAddress=bounce@example.com", "yes", "P0/0", docExamples},
	{"all recipients inside", under(toA, `"ForAllValues:StringLike":{"ses:Recipients":"*@example.com"}`), nil, anyOfA + " --recipient a@example.com,b@example.com", "yes", "P0/0", docExamples},
	{"one recipient outside", under(toA, `"ForAllValues:StringLike":{"ses:Recipients":"*@example.com"}`), nil, anyOfA + " --recipient a@example.com,b@example.org", "no", "", docSets},
	{"ForAllValues without the key limits nothing", under(toA, `"ForAllValues:StringLike":{"ses:Recipients":"*@example.com"}`), nil, anyOfA + " --set ses:Recipients", "yes", "P0/0", docSets},
	{"ForAnyValue, one is enough", under(toA, `"ForAnyValue:StringLike":{"ses:Recipients":"*@example.com"}`), nil, anyOfA + " --recipient a@example.org,b@example.com", "yes", "P0/0", docSets},
	{"ForAnyValue without the key", under(toA, `"ForAnyValue:StringLike":{"ses:Recipients":"*@example.com"}`), nil, anyOfA + " --set ses:Recipients", "no", "", docSets},
	{"SendBulkEmail has no From address", under(strings.Replace(toA, "ALLOW", `"Effect":"Allow",RES,"Action":"ses:*"`, 1), `"StringLike":{"ses:FromAddress":"news@*"}`), nil, anyOfA + " --action ses:SendBulkEmail", "unknown", "P0/0", docKeys},
	{"in the period", under(toA, `"DateGreaterThan":{"aws:CurrentTime":"2021-08-31T12:00Z"}`), nil, anyOfA, "yes", "P0/0", docExamples},
	{"after the period", under(toA, `"DateLessThan":{"aws:CurrentTime":"2021-10-01T12:00Z"}`), nil, anyOfA, "no", "", docExamples},
	{"at another time", under(toA, `"DateLessThan":{"aws:CurrentTime":"2021-10-01T12:00Z"}`), nil, anyOfA + " --set aws:currenttime=2021-09-01T00:00:00Z", "yes", "P0/0", docOperators},
	{"the source IP is in the range", under(toA, `"IpAddress":{"aws:SourceIp":"192.0.2.0/24"}`), nil, anyOfA + " --source-ip 192.0.2.9", "yes", "P0/0", docOperators},
	{"the source IP is not", under(toA, `"IpAddress":{"aws:SourceIp":"192.0.2.0/24"}`), nil, anyOfA + " --source-ip 203.0.113.9", "no", "", docOperators},
	{"the source IP is not known", under(toA, `"IpAddress":{"aws:SourceIp":"192.0.2.0/24"}`), nil, anyOfA, "unknown", "P0/0", docOperators},
	{"a Deny without TLS", []string{toA, `DENY,"Principal":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}`}, nil, anyOfA + " --set aws:SecureTransport=false", "no", "P1/0", docOperators},
	{"a Deny that may apply", []string{toA, `DENY,"Principal":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}`}, nil, anyOfA, "unknown", "P1/0", docOperators},
	{"all keys have to match", under(toA, `"StringEquals":{"ses:FromAddress":"x@x.example","ses:FeedbackAddress":"b@example.com"}`), nil, anyOfA, "no", "", docMulti},
	{"IfExists without the key", under(toA, `"StringEqualsIfExists":{"ses:FeedbackAddress":"b@example.com"}`), nil, anyOfA + " --set ses:FeedbackAddress", "yes", "P0/0", docOperators},
	{"a negated operator without the key", under(toA, `"StringNotEquals":{"ses:FeedbackAddress":"b@example.com"}`), nil, anyOfA + " --set ses:FeedbackAddress", "yes", "P0/0", docOperators},
	{"Null", under(toA, `"Null":{"ses:TenantName":"true"}`), nil, anyOfA + " --set ses:TenantName=t", "no", "", docOperators},
	{"a service for its source", under(`ALLOW,"Principal":{"Service":"cognito-idp.amazonaws.com"}`, `"StringEquals":{"aws:SourceAccount":"123456789012"}`), nil,
		"--principal cognito-idp.amazonaws.com --set aws:SourceAccount=123456789012", "yes", "P0/0", docConfused},
	{"a service for another account", under(`ALLOW,"Principal":{"Service":"cognito-idp.amazonaws.com"}`, `"StringEquals":{"aws:SourceAccount":"123456789012"}`), nil,
		"--principal cognito-idp.amazonaws.com --set aws:SourceAccount=A", "no", "", docConfused},
	{"a service is not everybody's account", one(toA), nil, "--principal cognito-idp.amazonaws.com", "no", "", docPrincipal},
	{"a tenant", under(toA, `"StringEquals":{"ses:TenantName":"t"}`), nil, anyOfA + " --set ses:TenantName=t", "yes", "P0/0", docTenants},
	{"another tenant", under(toA, `"StringEquals":{"ses:TenantName":"t"}`), nil, anyOfA + " --set ses:TenantName=u", "no", "", docTenants},
	{"a multi-Region endpoint", under(toA, `"StringEquals":{"ses:MultiRegionEndpointId":"abc.123"}`), nil, anyOfA + " --set ses:MultiRegionEndpointId=abc.123", "yes", "P0/0", docEndpoints},
	{"a multi-Region endpoint, not known", under(toA, `"StringEquals":{"ses:MultiRegionEndpointId":"abc.123"}`), nil, anyOfA, "unknown", "P0/0", docEndpoints},
	{"the own account, where IAM decides", one(toA), nil, "--principal arn:aws:iam::123456789012:role/r", "unknown", "", docLogic},
	{"the own account, denied", one(`DENY,"Principal":"*"`), nil, "--principal arn:aws:iam::123456789012:role/r", "no", "P0/0", docLogic},
}

// put puts the policies of the case on its identities.
func (s sendCase) put(c *accountCloud, domain string) error {
	for name, statements := range map[string][]string{domain: s.domain, "news@" + domain: s.address} {
		if len(statements) > 0 || name == domain {
			c.ses["us-east-1"].AddIdentities(name)
		}
		for i, statement := range statements {
			text := strings.NewReplacer("ALLOW", `"Effect":"Allow",RES,"Action":"ses:SendEmail"`, "DENY", `"Effect":"Deny",RES,"Action":"ses:SendEmail"`).Replace(statement)
			text = strings.NewReplacer(`RES`, `"Resource":"arn:aws:ses:us-east-1:123456789012:identity/`+name+`"`, `:A:`, ":111122223333:", `:B:`, ":444455556666:",
				`"A"`, `"111122223333"`, `"B"`, `"444455556666"`).Replace(text)
			if err := c.put("us-east-1", name, fmt.Sprintf("P%d", i), `{"Version":"2012-10-17","Statement":[{`+text+`}]}`); err != nil {
				return err
			}
		}
	}
	return nil
}

// arguments are the command line of the case.
func (s sendCase) arguments(domain string) []string {
	arguments := []string{"can-send", "--format", "json", "--from", "news@" + domain}
	for field := range strings.FieldsSeq(s.flags) {
		field = strings.NewReplacer(":A:", ":111122223333:", ":B:", ":444455556666:", "=A", "=111122223333", "DOMAIN", domain, "_", " ").Replace(field)
		switch field {
		case "A":
			field = "111122223333"
		case "B":
			field = "444455556666"
		}
		arguments = append(arguments, field)
	}
	return arguments
}

// The answers of the command, against what the documentation says.
func TestCanSendAsDocumented(t *testing.T) {
	c := newAccountCloud(t)
	c.environment(t)
	for i, s := range sendCases {
		if err := s.put(c, fmt.Sprintf("case%d.example", i)); err != nil {
			t.Fatalf("%s: %v", s.reason, err)
		}
	}
	var running sync.WaitGroup
	for i, s := range sendCases {
		running.Go(func() { s.check(t, fmt.Sprintf("case%d.example", i)) })
	}
	running.Wait()
}

func (s sendCase) check(t *testing.T, domain string) {
	var out, errOut bytes.Buffer
	status := run(t.Context(), s.arguments(domain), &out, &errOut)
	var got sending.Answer
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Errorf("%s: status %d: %v: %s", s.reason, status, err, &errOut)
		return
	}
	by := ""
	if got.By != nil {
		by = fmt.Sprintf("%s/%d", got.By.PolicyName, got.By.Index)
	}
	wantStatus := map[string]int{"yes": 0, "no": 1, "unknown": 3}[s.want]
	if got.Answer != s.want || by != s.by || status != wantStatus {
		t.Errorf("%s: got %s by %q with status %d, want %s by %q (%s)\n%v", s.reason, got.Answer, by, status, s.want, s.by, s.link, s.arguments(domain))
	}
	if (len(got.Unknown)+len(got.Needs) == 0) && s.want != "yes" {
		t.Errorf("%s: nobody is told what is missing", s.reason)
	}
	for _, n := range got.Needs {
		if !strings.HasPrefix(n.Link, "https://docs.aws.amazon.com/") {
			t.Errorf("%s: %q has no link", s.reason, n.What)
		}
	}
}
