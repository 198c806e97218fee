package requestfile_test

import (
	"strings"
	"testing"

	"sespolicy/shared/identity"
	"sespolicy/shared/requestfile"
)

// resources is a template with a resource Mail of these properties, in YAML; they
// start on line 5.
func resources(properties string) string {
	return "Resources:\n  Mail:\n    Type: Custom::SESIdentityPolicy\n    Properties:\n      " +
		strings.ReplaceAll(strings.TrimSpace(properties), "\n", "\n      ") + "\n"
}

// sending is a policy of one statement with these elements changed.
func sending(changes ...string) string {
	elements := map[string]string{
		"Effect": "Allow", "Principal": "{AWS: '111122223333'}", "Action": "[ses:SendEmail]", "Resource": resource,
	}
	for i := 0; i < len(changes); i += 2 {
		elements[changes[i]] = changes[i+1]
	}
	text := "Policy:\n  Statement:\n  - Sid: A\n"
	for _, name := range []string{"Effect", "Principal", "Action", "Resource", "Condition"} {
		if elements[name] != "" {
			text += "    " + name + ": " + elements[name] + "\n"
		}
	}
	return text
}

const named = "Identity: example.com\nPolicyName: p\n"

func TestTemplates(t *testing.T) {
	const statement = "/Resources/Mail/Properties/Policy/Statement/0"
	for reason, test := range map[string]struct {
		properties string
		want       []string // of an owner that is known
		unknown    []string // of one that is not; nil: the same
	}{
		"right":                                {"ServiceToken: !ImportValue Topic\nForceUpdate: 1\nServiceTimeout: 60\nAdoptExisting: true\n" + named + sending(), nil, nil},
		"a wrong Effect":                       {named + sending("Effect", "Permit"), []string{"10:19 effect-value " + statement + "/Effect"}, nil},
		"a misspelt property, of any value":    {"Identity: example.com\nPolicyNmae: !Ref Name\n" + sending(), []string{"6:7 unknown-member /Resources/Mail/Properties/PolicyNmae"}, nil},
		"a property is missing":                {"Identity: example.com\n" + sending(), []string{"5:7 missing-member /Resources/Mail/Properties"}, nil},
		"Action is no property":                {"Action: PutIdentityPolicy\n" + named + sending(), []string{"5:7 unknown-member /Resources/Mail/Properties/Action"}, nil},
		"a name that is not allowed":           {"Identity: example.com\nPolicyName: q\n" + sending(), []string{"6:19 ALLOWED_POLICY_NAMES /Resources/Mail/Properties/PolicyName"}, nil},
		"no identity, and no Resource to fit":  {"Identity: !Ref Identity\nPolicyName: p\n" + sending("Resource", "arn:aws:ses:us-east-1:123456789012:identity/example.org"), nil, nil},
		"no name":                              {"Identity: example.com\nPolicyName: !Sub '${AWS::StackName}-p'\n" + sending(), nil, nil},
		"no policy":                            {named + "Policy: !If [Wide, {Statement: []}, {}]\n", nil, nil},
		"a default is not certain":             {"Identity: !Ref Domain\nPolicyName: !Ref Domain\n" + sending("Resource", "!Sub 'arn:${Domain}'"), nil, nil},
		"the owner's Resource":                 {named + sending("Resource", "!Sub 'arn:${AWS::Partition}:ses:${AWS::Region}:${AWS::AccountId}:identity/example.com'"), nil, nil},
		"another Resource of the owner":        {named + sending("Resource", "!Sub ['arn:${AWS::Partition}:ses:${AWS::Region}:${A}:identity/${D}', {A: !Ref AWS::AccountId, D: example.org}]"), []string{"13:21 W resource-mismatch " + statement + "/Resource", "13:21 REQUIRE_MATCHING_RESOURCE " + statement + "/Resource"}, []string{}},
		"a Resource that is joined":            {named + sending("Resource", "!Join [':', [arn, !Ref 'AWS::Partition', ses, !Ref 'AWS::Region', !Ref 'AWS::AccountId', identity/example.org]]"), []string{"13:21 W resource-mismatch " + statement + "/Resource", "13:21 REQUIRE_MATCHING_RESOURCE " + statement + "/Resource"}, []string{}},
		"a Resource that is not known":         {named + sending("Resource", "!Sub 'arn:aws:ses:us-east-1:${Owner}:identity/example.org'"), nil, nil},
		"a Resource that is no ARN, selected":  {named + sending("Resource", "!Select [1, !Split ['/', a/b]]"), []string{"13:21 resource-form " + statement + "/Resource", "13:21 REQUIRE_MATCHING_RESOURCE " + statement + "/Resource"}, nil},
		"a principal that is not known":        {named + sending("Principal", "{AWS: !Ref Account}"), nil, nil},
		"everybody":                            {named + sending("Principal", "'*'"), []string{"11:22 ALLOW_PUBLIC_PRINCIPAL " + statement + "/Principal"}, nil},
		"everybody, or not":                    {named + sending("Principal", "'*'", "Condition", "{StringEquals: {aws:PrincipalOrgID: !Ref Organization}}"), nil, nil},
		"everybody, or not, by a function":     {named + sending("Principal", "'*'", "Condition", "!If [Wide, !Ref AWS::NoValue, {}]"), nil, nil},
		"everybody, and the value is no value": {named + sending("Principal", "'*'", "Condition", "!Ref AWS::NoValue"), []string{"11:22 ALLOW_PUBLIC_PRINCIPAL " + statement + "/Principal"}, nil},
		"an effect that is not known":          {named + sending("Effect", "!Ref Effect", "Principal", "'*'", "Action", "ses:*"), nil, nil},
		"a service, or not":                    {named + sending("Principal", "{Service: cognito-idp.amazonaws.com}", "Condition", "{StringEquals: {aws:SourceAccount: !Ref Account}}"), nil, nil},
		"a service for nobody":                 {named + sending("Principal", "{Service: cognito-idp.amazonaws.com}"), []string{"11:23 W service-without-source " + statement + "/Principal/Service", "11:32 ALLOW_PUBLIC_PRINCIPAL " + statement + "/Principal/Service"}, nil},
		"an action beside one not known":       {named + sending("Action", "[!Ref Action, SendEmail]"), []string{"12:33 action-form " + statement + "/Action/1"}, nil},
		"an action that is not allowed":        {named + sending("Action", "[!Ref Action, 'ses:*']"), []string{"12:33 ALLOWED_ACTIONS " + statement + "/Action/1"}, nil},
		"a statement that is not known":        {named + "Policy:\n  Statement:\n  - !If [A, {}, {}]\n  - {Effect: Permit, Principal: {AWS: '111122223333'}, Action: ses:SendEmail, Resource: " + resource + "}\n", []string{"10:20 effect-value /Resources/Mail/Properties/Policy/Statement/1/Effect"}, nil},
		"statements that are not known":        {named + "Policy:\n  Statement: !Ref Statements\n", nil, nil},
		"an element left out":                  {named + "Policy:\n  Statement:\n  - !Ref AWS::NoValue\n  - {Effect: Permit, Principal: {AWS: '111122223333'}, Action: ses:SendEmail, Resource: " + resource + "}\n", []string{"10:20 effect-value /Resources/Mail/Properties/Policy/Statement/1/Effect"}, nil},
		"a policy as text":                     {named + "Policy: |\n  " + badPolicy + "\n", []string{"8:33 effect-value " + statement + "/Effect"}, nil},
		"a policy as text that is not known":   {named + "Policy: !Sub |\n  {\"Statement\": \"${Statements}\"}\n", nil, nil},
		"a policy turned into text":            {named + "Policy:\n  Fn::ToJsonString:\n    Statement: []\n", []string{"9:22 no-statement /Resources/Mail/Properties/Policy/Fn::ToJsonString/Statement"}, nil},
		"no properties":                        {"{}", []string{"5:7 missing-member /Resources/Mail/Properties", "5:7 missing-member /Resources/Mail/Properties", "5:7 missing-member /Resources/Mail/Properties"}, nil},
	} {
		text := resources(test.properties)
		equal(t, reason, test.want, found(t, "t.yaml", text, owner))
		want := test.want
		if test.unknown != nil {
			want = nil
		}
		equal(t, reason+", of nobody", want, found(t, "t.yaml", text, identity.Owner{}))
	}
}

func TestTemplatesInJSON(t *testing.T) {
	text := `{"AWSTemplateFormatVersion": "2010-09-09", "Resources": {"Queue": {"Type": "AWS::SQS::Queue"},
"Own": {"Type": "AWS::CloudFormation::CustomResource", "Properties": {"Identity": {"Ref": "I"}, "PolicyName": "p",
"Policy": ` + badPolicy + `}},
"Other": {"Type": "AWS::CloudFormation::CustomResource", "Properties": {"Identity": "x"}},
"Later": {"Type": "Custom::SESIdentityPolicy", "Properties": {"Fn::Transform": {}}},
"None": {"Type": "Custom::SESIdentityPolicy"}}}`
	equal(t, "a template in JSON", []string{
		"3:35 effect-value /Resources/Own/Properties/Policy/Statement/0/Effect",
		"6:9 missing-member /Resources/None",
	}, found(t, "t.json", text, owner))
	equal(t, "a template without a policy", []string(nil), found(t, "t.json", `{"Transform":"AWS::Serverless-2016-10-31","Resources":{}}`, owner))
}

// What is sent of a template is the bare request.
func TestRequestsOfTemplates(t *testing.T) {
	read := func(properties string) requestfile.Entry {
		file := requestfile.Read("t.yaml", []byte(resources(properties)), owner)
		if len(file.Entries) != 1 {
			t.Fatalf("got %+v", file)
		}
		return file.Entries[0]
	}
	e := read("ServiceToken: !Ref Topic\n" + named + "Policy: {Version: 2012-10-17, Statement: {Principal: {AWS: !Ref AWS::AccountId}, Sid: 1}}\n")
	equal(t, "the request", `{"Identity":"example.com","PolicyName":"p","Policy":{"Version":"2012-10-17","Statement":{"Principal":{"AWS":"123456789012"},"Sid":"1"}}}`, e.Body)
	equal(t, "the place", "/Resources/Mail", e.Pointer)
	e = read("ServiceToken: !Ref Topic\nIdentity: !Ref I\nPolicyName: p\n" + sending())
	equal(t, "what is not known", []string{"/Resources/Mail/Properties/Identity"}, e.Unknown)
}

func TestPlans(t *testing.T) {
	resource := func(kind, values string) string {
		return `{"address":"` + kind + `.a","mode":"managed","type":"` + kind + `","name":"a","values":` + values + `}`
	}
	plan := func(resources, more, after string) string {
		return `{"format_version":"1.2","terraform_version":"1.9","planned_values":{"root_module":{"resources":[` + "\n" + resources + `],"child_modules":[{"child_modules":[{"resources":[` + more + `]}]}]}},` +
			`"resource_changes":[` + after + `]}`
	}
	const v1, v2 = "aws_ses_identity_policy", "aws_sesv2_email_identity_policy"
	const base = "/planned_values/root_module/resources/0/values/"
	for reason, test := range map[string]struct {
		text string
		want []string
	}{
		"right":             {plan(resource(v1, `{"identity":"example.com","name":"p","policy":`+quoted(good)+`}`), "", ""), nil},
		"right, version 2":  {plan(resource(v2, `{"email_identity":"example.com","policy_name":"p","policy":`+quoted(good)+`}`), "", ""), nil},
		"wrong":             {plan(resource(v1, `{"identity":"a b","name":"q","policy":`+quoted(badPolicy)+`}`), "", ""), []string{"2:122 identity " + base + "identity", "2:135 ALLOWED_POLICY_NAMES " + base + "name", "2:177 effect-value " + base + "policy/Statement/0/Effect"}},
		"in a child module": {plan("", resource(v2, `{"email_identity":"example.com","policy_name":"a b","policy":`+quoted(good)+`}`), ""), []string{"2:223 policy-name /planned_values/root_module/child_modules/0/child_modules/0/resources/0/values/policy_name"}},
		"not known yet":     {plan(resource(v1, `{"name":"p"}`), "", ""), nil},
		"known after apply": {plan(resource(v1, `{"identity":"a b","name":"p","policy":null}`), "", `{"address":"`+v1+`.a","change":{"after_unknown":{"identity":true}}}`), nil},
		"a state":           {strings.Replace(plan(resource(v1, `{"identity":"a b","name":"p","policy":null}`), "", ""), "planned_values", "values", 1), []string{"2:122 identity " + strings.Replace(base, "planned_values", "values", 1) + "identity"}},
		"other resources":   {plan(resource("aws_sqs_queue", `{"policy":"x"}`), "", ""), nil},
	} {
		equal(t, reason, test.want, found(t, "plan.json", test.text, owner))
	}
}
