package printout

import "strings"

// The pages that rules follow.
const (
	policyPage      = "https://docs.aws.amazon.com/ses/latest/dg/policy-anatomy.html"
	grammarPage     = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html"
	elementsPage    = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html#"
	analyzerPage    = "https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-reference-policy-checks.html"
	operatorPage    = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html"
	keysPage        = "https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonses.html"
	multivaluedPage = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html"
	principalPage   = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html"
	confusedPage    = "https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html"
	requestPage     = "https://docs.aws.amazon.com/ses/latest/APIReference/API_PutIdentityPolicy.html"
	identitiesPage  = "https://docs.aws.amazon.com/ses/latest/dg/creating-identities.html"
	responsePage    = "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-requests.html"
	jsonPage        = "https://www.rfc-editor.org/rfc/rfc8259"
	yamlPage        = "https://yaml.org/spec/1.2.2/"
	quotasPage      = "https://docs.aws.amazon.com/ses/latest/dg/quotas.html"
	ownerPage       = "https://docs.aws.amazon.com/ses/latest/dg/sending-authorization-identity-owner-tasks-policy.html"
	overviewPage    = "https://docs.aws.amazon.com/ses/latest/dg/sending-authorization-overview.html"
)

// help is what a rule asks for, in a sentence, and the page it follows.
type help struct{ text, page string }

// rules are the rules by name.
var rules = map[string]help{
	"json-syntax":                 {"The text must be JSON.", jsonPage},
	"json-depth":                  {"The text must not be nested deeper than can be examined.", jsonPage},
	"json-size":                   {"The text must not be larger than a message of SQS.", jsonPage},
	"yaml-syntax":                 {"The text must be YAML that JSON can express.", yamlPage},
	"yaml-limit":                  {"A YAML text must not be larger, nested deeper or repeat more than can be examined.", yamlPage},
	"duplicate-member":            {"An object must not have a member twice.", jsonPage},
	"more-findings":               {"There are more findings than are listed.", policyPage},
	"not-an-object":               {"A request must be a JSON object.", requestPage},
	"unknown-member":              {"A request must have no other members than its own.", requestPage},
	"missing-member":              {"A request must have all members that its action needs.", requestPage},
	"wrong-type":                  {"A value must have the JSON type that is expected in its place.", grammarPage},
	"unknown-action":              {"An action should be one that SES has for identities.", keysPage},
	"envelope-nesting":            {"A request must be in at most three envelopes.", requestPage},
	"unknown-envelope":            {"A message must be a request, or in an envelope that is served.", requestPage},
	"response-url":                {"A ResponseURL must be one of CloudFormation's response buckets.", responsePage},
	"identity":                    {"An identity must be an email address, a domain, or the ARN of an identity of this account and Region.", identitiesPage},
	"policy-name":                 {"A policy name must be 1 to 64 letters, digits, hyphens and underscores.", requestPage},
	"policy-size":                 {"A policy must have at most 4096 bytes without white space.", policyPage},
	"policy-not-examined":         {"A policy that is far too large is not examined.", policyPage},
	"missing-element":             {"A statement must have Effect, Principal, Action and Resource.", policyPage},
	"misspelt-element":            {"An element must be spelled as in the grammar, in the same case.", grammarPage},
	"exclusive-elements":          {"A statement must not have both an element and its opposite.", grammarPage},
	"no-statement":                {"A policy must have at least one statement.", policyPage},
	"no-principal":                {"A policy must have at least one principal.", policyPage},
	"effect-value":                {"Effect must be Allow or Deny.", policyPage},
	"principal-form":              {"A principal must be \"*\" or an object with AWS or Service.", principalPage},
	"principal-wildcard":          {"An AWS principal must not have a wildcard in a name or ARN.", principalPage},
	"action-form":                 {"An action must have the form service:name, wildcards allowed.", elementsPage + "Action"},
	"resource-form":               {"A resource must be an ARN, or a pattern of one.", policyPage},
	"unknown-element":             {"A policy should have only elements of the policy language.", analyzerPage},
	"undocumented-element":        {"A policy should have only elements that SES documents.", policyPage},
	"null-element":                {"An element without a value should be left out, not null.", analyzerPage},
	"unquoted-value":              {"A value should be a string.", analyzerPage},
	"unknown-version":             {"Version should be 2012-10-17.", elementsPage + "Version"},
	"duplicate-sid":               {"A Sid should be unique in its policy.", policyPage},
	"empty-element":               {"An element should have a value.", analyzerPage},
	"unknown-principal":           {"A principal should be an account id, an ARN or a service.", principalPage},
	"effect-case":                 {"Effect is Allow or Deny in another case. SES has accepted it; write it as the grammar does.", policyPage},
	"placeholder":                 {"Replace the placeholder with the value it stands for.", policyPage},
	"impossible-account":          {"An AWS account id has 12 digits.", policyPage},
	"for-all-values-without-null": {"ForAllValues also holds if the request does not have the key. Require the key with a Null condition.", multivaluedPage},
	"service-without-source":      {"A service should be limited to a source account or ARN.", confusedPage},
	"allow-not-principal":         {"Allow should not be combined with NotPrincipal, which lets in everybody else.", analyzerPage},
	"resource-mismatch":           {"A resource should be the ARN of the policy's identity.", policyPage},
	"resource-pattern":            {"A resource should be the identity's ARN in full.", policyPage},
	"unknown-operator":            {"A condition operator should be one of IAM's.", operatorPage},
	"unknown-condition-key":       {"A condition key should be one that SES or IAM lists.", keysPage},
	"condition-key-case":          {"A condition key should be written in the case that is documented.", keysPage},
	"duplicate-condition-key":     {"A condition key should stand once under an operator.", analyzerPage},
	"condition-value":             {"A condition value should fit its operator.", operatorPage},
	"unparsable-date":             {"A date should be in ISO 8601 or in seconds since 1970.", operatorPage},
	"Unmanaged":                   {"A policy should have been requested.", requestPage},
	"Changed":                     {"A policy should be the one that was requested last.", requestPage},
	"Missing":                     {"A policy that was requested should be on its identity.", requestPage},
	"PolicyLimit":                 {"An identity can have at most 20 policies.", quotasPage},
	"ShadowedDomain":              {"The policies of an address count instead of those of its domain.", ownerPage},
	"deny-nothing":                {"A Deny should be able to deny something.", policyPage},
}

// helpOn returns a rule's help. A rule in capitals is a guardrail, by its
// variable's name.
func helpOn(rule string) help {
	if h, ok := rules[rule]; ok {
		return h
	}
	if rule == strings.ToUpper(rule) {
		return help{"The deployment's guardrail " + rule + " must allow it: ask its owner.", overviewPage}
	}
	return help{"The policy must follow the rule " + rule + ".", policyPage}
}
