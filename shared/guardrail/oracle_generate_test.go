package guardrail_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// The parties of the oracle's world. The deployment lets in the listed.
const (
	ownAccount     = "123456789012"
	listedAccount  = "111122223333"
	foreignAccount = "999988887777"
	listedOrg      = "o-ours"
	foreignOrg     = "o-theirs"
	listedService  = "cognito-idp.amazonaws.com"
	foreignService = "ses.amazonaws.com"
	oraclePool     = ":userpool/us-east-1_Example"
)

// generator writes random policies from the words that matter to the guardrails.
type generator struct{ *rand.Rand }

func (g generator) pick(list []string) string { return list[g.IntN(len(list))] }

// chance is true once in n times.
func (g generator) chance(n int) bool { return g.IntN(n) == 0 }

// some is one of the list, or a list of up to three.
func (g generator) some(list []string) string {
	if !g.chance(3) {
		return g.pick(list)
	}
	values := make([]string, 1+g.IntN(3))
	for i := range values {
		values[i] = g.pick(list)
	}
	return "[" + strings.Join(values, ",") + "]"
}

var (
	oracleEffects = []string{`"Allow"`, `"Allow"`, `"Allow"`, `"Deny"`, `"Deny"`, `"ALLOW"`, `"deny"`}

	oraclePrincipals = []string{
		`"*"`, `"111122223333"`, `"123456789012"`, `"999988887777"`, `"999988887777"`, `"AIDACKCEVSQ6C2EXAMPLE"`,
		`"arn:aws:iam::111122223333:root"`, `"arn:aws:iam::111122223333:role/Admin"`, `"arn:aws:iam::111122223333:role/*"`,
		`"arn:aws:iam::123456789012:root"`, `"arn:aws:iam::123456789012:role/Admin"`,
		`"arn:aws:iam::999988887777:root"`, `"arn:aws:iam::999988887777:role/Admin"`, `"arn:aws:iam::*:root"`, `"arn:aws:iam::*:role/Admin"`,
		`"arn:aws:iam::${aws:PrincipalAccount}:root"`, `"arn:aws:sts::999988887777:assumed-role/Admin/111122223333"`, `"cognito-idp.amazonaws.com"`, `""`,
		`"arn:aws:iam::99998888777?:root"`, `"arn:*:iam::999988887777:root"`, `"arn:aws:iam::999988887777:role/:111122223333:"`, `"\uff0a"`, `"ARN:aws:iam::999988887777:root"`,
	}
	oracleServices  = []string{`"cognito-idp.amazonaws.com"`, `"cognito-idp.amazonaws.com"`, `"ses.amazonaws.com"`, `"*"`, `"*.amazonaws.com"`}
	oracleProviders = []string{`"accounts.google.com"`, `"arn:aws:iam::999988887777:saml-provider/a"`, `"arn:aws:iam::111122223333:saml-provider/a"`}

	oracleActions = []string{
		`"ses:SendEmail"`, `"ses:SendEmail"`, `"ses:SendEmail"`, `"SES:Send*"`, `"ses:SendRawEmail"`, `"ses:*"`, `"*"`, `"ses:DeleteEmailIdentity"`,
		`"ses:?e*"`, `"s*:Send*"`, `"ses:Sen*"`, `"ses:UpdateEmailIdentityPolicy"`, `"ses:Send*Email"`, `"ses*"`, `"ses:Send?mail"`, `"ses:S*d*"`, `"?es:Send*"`, `"*:SendEmail"`, `"ses:Send*\u212a"`, `"ses:${aws:PrincipalTag/a}"`,
	}
	oracleResources = []string{
		`"arn:aws:ses:us-east-1:123456789012:identity/example.com"`, `"arn:aws:ses:us-east-1:123456789012:identity/example.com"`, `"*"`,
		`"arn:aws:ses:us-east-1:123456789012:identity/EXAMPLE.com"`, `"arn:aws:ses:us-east-1:123456789012:identity/other.com"`,
		`"arn:aws:ses:*:123456789012:identity/*"`,
	}
	oracleOperators = []string{
		"StringEquals", "StringEquals", "StringLike", "StringLike", "ArnLike", "ArnEquals", "StringEqualsIgnoreCase", "StringNotEquals", "StringNotLike",
		"ArnNotLike", "StringEqualsIfExists", "StringLikeIfExists", "ForAllValues:StringEquals", "ForAnyValue:StringEquals", "ForAnyValue:StringLike",
		"ForAllValues:StringLike", "Null", "stringequals", "Bool", "NumericEquals",
		"ArnEqualsIfExists", "ArnLikeIfExists", "ForAnyValue:ArnLike", "ForAllValues:ArnLike", "ForAnyValue:StringNotEquals", "StringNotEqualsIgnoreCase", "StringNotLikeIfExists", "ArnNotEquals", "BinaryEquals",
	}
	oracleKeys = []string{
		"aws:SourceAccount", "aws:SourceAccount", "aws:SourceArn", "aws:SourceArn", "aws:SourceOrgID", "aws:SourceOrgPaths",
		"aws:PrincipalAccount", "aws:PrincipalArn", "aws:PrincipalOrgID", "aws:PrincipalOrgID", "aws:PrincipalOrgPaths",
		"AWS:sourceaccount", "aws:principalorgid", "ses:FromAddress", "aws:SourceIp", "aws:PrincipalTag/team", "aws:PrincipalIsAWSService", "aws:ResourceAccount",
	}
	oracleValues = []string{
		`"123456789012"`, `"111122223333"`, `"999988887777"`, `999988887777`, `"*"`, `"9*"`, `"????????????"`, `""`, `"true"`, `"false"`,
		`"o-ours"`, `"o-theirs"`, `"o-*"`, `"o-ours/r-ab12/*"`, `"o-theirs/r-ab12/*"`, `"*/r-ab12/*"`,
		`"arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_Example"`, `"arn:aws:cognito-idp:*:111122223333:userpool/*"`,
		`"arn:aws:cognito-idp:us-east-1:999988887777:userpool/us-east-1_Example"`, `"arn:aws:cognito-idp:*:*:userpool/*"`, `"arn:aws:cognito-idp:*:*:userpool/us-east-1_Example"`,
		`"arn:aws:cognito-idp:*:${aws:ResourceAccount}:userpool/*"`, `"arn:aws:iam::111122223333:role/*"`, `"arn:aws:iam::999988887777:role/Admin"`,
		`"arn:aws:iam::*:role/Admin"`, `"*:role/Admin"`, `"*111122223333*"`, `"arn:aws:s3:::mails"`, `"arn:aws:s3:::mail*"`, `"a@example.com"`,
		`"${aws:ResourceAccount}"`, `"${aws:ResourceOrgID}"`, `"${aws:SourceAccount}"`, `"${aws:PrincipalAccount}"`, `"${aws:PrincipalOrgID}"`,
		`"${aws:ResourceAccount, '999988887777'}"`, `"${*}"`,
		`"arn:aws:cognito-idp:us-east-1:123456789012*"`, `"arn:*:*:*:123456789012:*"`, `"arn:*:*:*:*:*"`, `"${aws:PrincipalTag/team}"`, `"o-ours*"`, `"12345678901?"`, `"\uff11"`,
	}
	oracleVersions = []string{`"Version":"2012-10-17",`, `"Version":"2012-10-17",`, `"Version":"2008-10-17",`, ``}
)

// principal is a Principal element. A provider of another account is left out of
// a Deny: it cannot speak for the owner's roles, and what it stands for the
// evaluator leaves open.
func (g generator) principal(effect string) string {
	switch g.IntN(12) {
	case 0, 1:
		return `"*"`
	case 2, 3, 4:
		return `{"Service":` + g.some(oracleServices) + `}`
	case 5:
		if effect != `"Allow"` {
			return `{"Federated":"accounts.google.com"}`
		}
		return `{"Federated":` + g.some(oracleProviders) + `}`
	case 6:
		return `{"AWS":` + g.some(oraclePrincipals) + `,"Service":` + g.some(oracleServices) + `}`
	default:
		return `{"AWS":` + g.some(oraclePrincipals) + `}`
	}
}

func (g generator) condition() string {
	var operators []string
	for range g.IntN(4) {
		keys := []string{fmt.Sprintf("%q:%s", g.pick(oracleKeys), g.some(oracleValues))}
		if g.chance(4) {
			keys = append(keys, fmt.Sprintf("%q:%s", g.pick(oracleKeys), g.some(oracleValues)))
		}
		operators = append(operators, fmt.Sprintf("%q:{%s}", g.pick(oracleOperators), strings.Join(keys, ",")))
	}
	return "{" + strings.Join(operators, ",") + "}"
}

// statement is one in which each element is, more often than not, what the
// guardrails let pass by itself.
func (g generator) statement() string {
	or := func(usual, rare func() string) string {
		if g.chance(3) {
			return rare()
		}
		return usual()
	}
	constant := func(text string) func() string { return func() string { return text } }
	effect := g.pick(oracleEffects)
	principal := or(func() string { return g.pick(oracleUsual) }, func() string {
		return g.pick([]string{"Principal", "Principal", "Principal", "Principal", "Principal", "NotPrincipal"}) + `":` + g.principal(effect)
	})
	action := or(constant(`Action":"ses:SendEmail"`), func() string {
		return g.pick([]string{"Action", "Action", "Action", "NotAction"}) + `":` + g.some(oracleActions)
	})
	resource := or(constant(`Resource":`+oracleResources[0]), func() string {
		return g.pick([]string{"Resource", "Resource", "Resource", "NotResource"}) + `":` + g.some(oracleResources)
	})
	return `{"Effect":` + effect + `,"` + principal + `,"` + action + `,"` + resource + `,"Condition":` + g.condition() + "}"
}

// oracleUsual are principals that a condition, or nothing, makes pass.
var oracleUsual = []string{
	`Principal":{"AWS":"111122223333"}`, `Principal":{"AWS":"arn:aws:iam::111122223333:role/Admin"}`, `Principal":"*"`, `Principal":{"AWS":"*"}`,
	`Principal":{"Service":"cognito-idp.amazonaws.com"}`, `Principal":{"Service":"cognito-idp.amazonaws.com"}`,
}

// policy is a policy of one statement, or of a few; granting is the same without
// what is exactly a Deny, denying without what is exactly an Allow, both empty if
// nothing is left.
func (g generator) policy() (text, granting, denying string) {
	version := g.pick(oracleVersions)
	var all, grants, denies []string
	for len(all) == 0 || g.chance(4) {
		s := g.statement()
		all = append(all, s)
		if !strings.HasPrefix(s, `{"Effect":"Deny"`) {
			grants = append(grants, s)
		}
		if !strings.HasPrefix(s, `{"Effect":"Allow"`) {
			denies = append(denies, s)
		}
	}
	of := func(statements []string) string {
		if len(statements) == 0 {
			return ""
		}
		return "{" + version + `"Statement":[` + strings.Join(statements, ",") + "]}"
	}
	return of(all), of(grants), of(denies)
}
