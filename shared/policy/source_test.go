package policy_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"sespolicy/shared/document"
	"sespolicy/shared/policy"
)

// What a condition says of the account, organization or resource that a service
// acts for.
func TestSourceOf(t *testing.T) {
	const pool = "arn:aws:cognito-idp:us-east-1:111122223333:userpool/us-east-1_Example"
	for _, test := range []struct {
		reason, condition string
		want              policy.Answer
	}{
		{"an account", `{"StringEquals":{"aws:SourceAccount":"111122223333"}}`, policy.Fixed},
		{"an account without quotes", `{"StringEquals":{"aws:SourceAccount":111122223333}}`, policy.Fixed},
		{"two accounts", `{"StringEquals":{"aws:SourceAccount":["111122223333","444455556666"]}}`, policy.Fixed},
		{"a key in another case", `{"StringEquals":{"AWS:SOURCEACCOUNT":"111122223333"}}`, policy.Fixed},
		{"a resource", `{"ArnEquals":{"aws:SourceArn":"` + pool + `"}}`, policy.Fixed},
		{"a bucket, which has no account", `{"ArnEquals":{"aws:SourceArn":"arn:aws:s3:::mails"}}`, policy.Fixed},
		{"an account's resources", `{"ArnLike":{"aws:SourceArn":"arn:aws:cognito-idp:*:111122223333:userpool/*"}}`, policy.Fixed},
		{"an account's resources by StringLike", `{"StringLike":{"aws:SourceArn":"arn:aws:cognito-idp:us-east-1:111122223333:*"}}`, policy.Fixed},
		{"an organization", `{"StringEquals":{"aws:SourceOrgID":"o-a1b2c3d4e5"}}`, policy.Fixed},
		{"a part of an organization", `{"ForAnyValue:StringLike":{"aws:SourceOrgPaths":"o-a1b2c3d4e5/r-ab12/*"}}`, policy.Fixed},
		{"the owner's account", `{"StringEquals":{"aws:SourceAccount":"${aws:ResourceAccount}"}}`, policy.Fixed},
		{"the owner's organization", `{"StringEquals":{"aws:SourceOrgID":"${aws:ResourceOrgID}"}}`, policy.Fixed},
		{"a part of the owner's organization", `{"ForAnyValue:StringLike":{"aws:SourceOrgPaths":"${aws:ResourceOrgID}/r-ab12/*"}}`, policy.Fixed},
		{"the owner's resources", `{"ArnLike":{"aws:SourceArn":"arn:aws:ses:*:${aws:ResourceAccount}:*"}}`, policy.Fixed},
		{"one that says it among others", `{"StringLike":{"ses:FromAddress":"*"},"StringEquals":{"aws:SourceVpc":"*","aws:SourceAccount":"111122223333"}}`, policy.Fixed},

		{"no condition", `{}`, policy.Open},
		{"another question", `{"StringEquals":{"ses:FromAddress":"a@example.com"}}`, policy.Open},
		{"the caller, which a service's call does not have", `{"StringEquals":{"aws:PrincipalAccount":"111122223333"}}`, policy.Open},
		{"any ARN", `{"ArnLike":{"aws:SourceArn":"*"}}`, policy.Open},
		{"any ARN by its form", `{"ArnLike":{"aws:SourceArn":"arn:aws:cognito-idp:*:*:*"}}`, policy.Open},
		{"any ARN of a service", `{"ArnLike":{"aws:SourceArn":"arn:aws:cognito-idp:*"}}`, policy.Open},
		{"any account's resources", `{"ArnLike":{"aws:SourceArn":"arn:aws:cognito-idp:us-east-1:*:userpool/*"}}`, policy.Open},
		{"an account by question marks", `{"ArnLike":{"aws:SourceArn":"arn:aws:cognito-idp:us-east-1:????????????:userpool/*"}}`, policy.Open},
		{"any account that begins so", `{"StringLike":{"aws:SourceAccount":"1111*"}}`, policy.Open},
		{"any bucket", `{"ArnLike":{"aws:SourceArn":"arn:aws:s3:::*"}}`, policy.Open},
		{"any organization", `{"StringLike":{"aws:SourceOrgID":"o-*"}}`, policy.Open},
		{"any organization's paths", `{"ForAnyValue:StringLike":{"aws:SourceOrgPaths":"o-*/r-ab12/*"}}`, policy.Open},
		{"one account or any", `{"StringLike":{"aws:SourceAccount":["111122223333","*"]}}`, policy.Open},
		{"all accounts but one", `{"StringNotEquals":{"aws:SourceAccount":"111122223333"}}`, policy.Open},
		{"all ARNs but some", `{"ArnNotLike":{"aws:SourceArn":"` + pool + `"}}`, policy.Open},
		{"where there is one", `{"StringEqualsIfExists":{"aws:SourceAccount":"111122223333"}}`, policy.Open},
		{"all of none", `{"ForAllValues:StringEquals":{"aws:SourceAccount":"111122223333"}}`, policy.Open},
		{"there is one", `{"Null":{"aws:SourceAccount":"false"}}`, policy.Open},
		{"there is none", `{"Null":{"aws:SourceAccount":"true"}}`, policy.Open},
		{"the key itself", `{"StringEquals":{"aws:SourceAccount":"${aws:SourceAccount}"}}`, policy.Open},
		{"the key itself in an ARN", `{"ArnLike":{"aws:SourceArn":"arn:aws:ses:*:${aws:SourceAccount}:*"}}`, policy.Open},

		{"where there is one, and there is", `{"StringEqualsIfExists":{"aws:SourceAccount":"111122223333"},"Null":{"aws:SourceAccount":"false"}}`, policy.Unclear},
		{"a wildcard before the account", `{"StringLike":{"aws:SourceArn":"arn:aws:cognito-idp:*:111122223333:userpool/*"}}`, policy.Unclear},
		{"an account anywhere", `{"StringLike":{"aws:SourceArn":"*111122223333*"}}`, policy.Unclear},
		{"one resource in any account", `{"ArnLike":{"aws:SourceArn":"arn:aws:cognito-idp:us-east-1:*:userpool/us-east-1_Example"}}`, policy.Unclear},
		{"buckets that begin so", `{"ArnLike":{"aws:SourceArn":"arn:aws:s3:::mails-*"}}`, policy.Unclear},
		{"a wildcard that is none", `{"StringEquals":{"aws:SourceAccount":"*"}}`, policy.Unclear},
		{"an operator in another case", `{"stringequals":{"aws:SourceAccount":"111122223333"}}`, policy.Unclear},
		{"an operator that is none", `{"StringEqual":{"aws:SourceAccount":"111122223333"}}`, policy.Unclear},
		{"a key twice in other case", `{"StringEquals":{"aws:SourceAccount":"111122223333","aws:sourceaccount":"444455556666"}}`, policy.Unclear},
		{"the owner in other words", `{"StringEquals":{"aws:SourceAccount":"${AWS:resourceaccount}"}}`, policy.Unclear},
		{"the owner, or another", `{"StringEquals":{"aws:SourceAccount":"${aws:ResourceAccount, '111122223333'}"}}`, policy.Unclear},
		{"no value", `{"StringEquals":{"aws:SourceAccount":[]}}`, policy.Unclear},
		{"an empty value", `{"StringEquals":{"aws:SourceAccount":""}}`, policy.Unclear},
		{"a value of no type", `{"StringEquals":{"aws:SourceAccount":{}}}`, policy.Unclear},
		{"a path of no organization", `{"ForAnyValue:StringLike":{"aws:SourceOrgPaths":"/r-ab12/*"}}`, policy.Unclear},
	} {
		doc, _ := document.Read([]byte(`{"Condition":` + test.condition + `}`))
		if got := policy.SourceOf(doc.Root().Get("Condition")).Answer; got != test.want {
			t.Errorf("%s: got %d, want %d", test.reason, got, test.want)
		}
	}
	misspelt, _ := document.Read([]byte(`{"Conditions":{"StringEquals":{"aws:SourceAccount":"111122223333"}}}`))
	if got := policy.SourceOf(misspelt.Root().Get("Conditions")).Answer; got != policy.Unclear {
		t.Errorf("a misspelt Condition: got %d", got)
	}
}

func TestCallerOf(t *testing.T) {
	for condition, want := range map[string][]policy.Party{
		`{"StringEquals":{"aws:PrincipalAccount":"111122223333"}}`:                       {{Value: "111122223333", Account: "111122223333"}},
		`{"StringEquals":{"aws:PrincipalOrgID":["o-a","o-b"]}}`:                          {{Value: "o-a", Organization: "o-a"}, {Value: "o-b", Organization: "o-b"}},
		`{"ForAnyValue:StringLike":{"aws:PrincipalOrgPaths":"o-a/r-b/*"}}`:               {{Value: "o-a/r-b/*", Organization: "o-a"}},
		`{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::111122223333:role/*"}}`:            {{Value: "arn:aws:iam::111122223333:role/*", Account: "111122223333"}},
		`{"ArnLike":{"aws:SourceArn":"arn:aws:ses:*:${aws:ResourceAccount}:identity*"}}`: {{Value: "arn:aws:ses:*:${aws:ResourceAccount}:identity*", Owner: true}},
		`{"StringEquals":{"aws:PrincipalOrgID":"${aws:ResourceOrgID}"}}`:                 {{Value: "${aws:ResourceOrgID}"}},
	} {
		doc, _ := document.Read([]byte(`{"Condition":` + condition + `}`))
		got := policy.CallerOf(doc.Root().Get("Condition"))
		if diff := cmp.Diff(policy.Narrowing{Answer: policy.Fixed, Conditions: [][]policy.Party{want}}, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", condition, diff)
		}
	}
}
