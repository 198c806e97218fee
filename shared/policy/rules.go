package policy

// Violations. "SES" is
// https://docs.aws.amazon.com/ses/latest/dg/policy-anatomy.html, "the grammar"
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html.
// A member that an object has twice is [document.RuleDuplicate].
const (
	// RulePolicySize: minified, the policy has more than [MaxSize] bytes. SES:
	// "Policies can't exceed 4 kilobytes (KB) in size."
	RulePolicySize = "policy-size"
	// RuleNotExamined: the policy has more than [MaxExamined] bytes, so nothing
	// but its size was checked.
	RuleNotExamined = "policy-not-examined"
	// RuleWrongType: a value has a JSON type that the grammar does not have there:
	// a policy that is no object, a Statement that is neither an object nor a
	// list of them, an Action in a list in a list, a null that is not
	// [RuleNullElement].
	RuleWrongType = "wrong-type"
	// RuleMissingElement: Statement, Effect, Principal, Action or Resource is
	// not there. SES marks each of them as required; the grammar takes
	// NotPrincipal, NotAction and NotResource in their places.
	RuleMissingElement = "missing-element"
	// RuleMisspeltElement: the name of an element, or of a kind of principal, is
	// in another case or a letter away from one that the grammar has. The
	// grammar's names are literals, so a misspelt Condition would have no effect.
	RuleMisspeltElement = "misspelt-element"
	// RuleExclusiveElements: an element together with its opposite. In the grammar
	// a statement has one of ("Principal" | "NotPrincipal"), ("Action" |
	// "NotAction") and ("Resource" | "NotResource").
	RuleExclusiveElements = "exclusive-elements"
	// RuleNoStatement: the list of statements is empty. SES: "Each policy has
	// to include at least one statement."
	RuleNoStatement = "no-statement"
	// RuleNoPrincipal: no statement names any principal. SES: "Each policy has
	// to include at least one valid principal."
	RuleNoPrincipal = "no-principal"
	// RuleEffectValue: Effect is a string other than Allow and Deny in any case,
	// the literals of SES and of the grammar.
	RuleEffectValue = "effect-value"
	// RulePrincipalForm: a principal that is a string other than "*" where the
	// grammar has ("*" | <principal_map>), or an empty one. SES: account ids and
	// ARNs "are specified using AWS", services "using Service".
	RulePrincipalForm = "principal-form"
	// RulePrincipalWildcard: a * as part of an AWS principal. The grammar: "You
	// cannot use it to specify part of a name or ARN."
	RulePrincipalWildcard = "principal-wildcard"
	// RuleActionForm: an action that does not have the form service:name and is no
	// pattern that matches this form. The grammar: "Consists of a
	// service namespace, a colon, and the name of an action", wildcards allowed.
	RuleActionForm = "action-form"
	// RuleResourceForm: a resource that cannot be an ARN, nor a pattern over
	// them. SES: "The Amazon Resource Name (ARN) of the email identity"; an ARN
	// has six fields (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html).
	RuleResourceForm = "resource-form"
)

// Warnings. "Access Analyzer" is
// https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-reference-policy-checks.html.
const (
	// RuleEffectCase: Effect is Allow or Deny in another case. The grammar has
	// these two literals, but the console of SES has written ALLOW into policies
	// that are in use. Access Analyzer: "Invalid effect".
	RuleEffectCase = "effect-case"
	// RulePlaceholder: a part of a principal or of a resource is a name that
	// nothing was filled in for, such as ${AWS::AccountId}, <account>, ACCOUNT_ID
	// or undefined, see [Placeholder].
	RulePlaceholder = "placeholder"
	// RuleImpossibleAccount: the account of a resource is not 12 digits, and no
	// placeholder. Access Analyzer: "Invalid ARN account".
	RuleImpossibleAccount = "impossible-account"
	// RuleForAllValues: an Allow whose condition with ForAllValues limits nothing
	// for an allowed action, because its requests do not have the key and no Null
	// requires it. Access Analyzer: "Missing null condition".
	RuleForAllValues = "for-all-values-without-null"
	// RuleUnknownElement: a member that is no element and resembles none, or an
	// element in the wrong object. Access Analyzer: "Invalid policy element";
	// what SES does with one is not documented, so it is left to SES.
	RuleUnknownElement = "unknown-element"
	// RuleUndocumentedElement: NotPrincipal, NotAction or NotResource. The
	// grammar has them, the elements that SES lists do not.
	RuleUndocumentedElement = "undocumented-element"
	// RuleNullElement: null for an optional element: Version, Id, Sid, Condition.
	// The grammar has no null, but programs write one for what was not set. SES
	// takes "any string" for the first three and does not document null. Access Analyzer: "Data type mismatch".
	RuleNullElement = "null-element"
	// RuleUnquotedValue: a number or boolean where a string belongs. In the
	// grammar their quotation marks are optional, but an account id loses its
	// leading zeros without them. Access Analyzer: "Data type mismatch".
	RuleUnquotedValue = "unquoted-value"
	// RuleUnknownVersion: a Version other than 2012-10-17 and 2008-10-17. SES
	// takes "any string", the grammar has these two.
	RuleUnknownVersion = "unknown-version"
	// RuleDuplicateSid: a Sid that another statement has. SES: "Uniquely
	// identifies the statement."
	RuleDuplicateSid = "duplicate-sid"
	// RuleEmptyElement: an element without a value, which applies to nothing.
	// Access Analyzer: "Empty array action" and the like.
	RuleEmptyElement = "empty-element"
	// RuleUnknownPrincipal: a kind of principal that the grammar does not have,
	// or a principal of the kind AWS or Service that can be none: an account id
	// without 12 digits, a group, a bucket, a misspelt domain of a service, a
	// principal of another partition. SES checks that principals exist and
	// answers "invalid principal".
	RuleUnknownPrincipal = "unknown-principal"
	// RuleServiceWithoutSource: a service may use the identity for any account
	// that asks it, because no condition says for which account, organization or
	// resource, see [SourceOf]
	// (https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html).
	RuleServiceWithoutSource = "service-without-source"
	// RuleAllowNotPrincipal: Allow with NotPrincipal lets in everybody else.
	// Access Analyzer: "Allow with NotPrincipal".
	RuleAllowNotPrincipal = "allow-not-principal"
	// RuleUnknownAction: an action that is not in the list of actions on
	// identities (package known). The list grows, so it is left to SES. Access
	// Analyzer: "Invalid action".
	RuleUnknownAction = "unknown-action"
	// RuleResourceMismatch: a resource that is not the identity, an address in
	// another case included. SES: "that
	// resource has to be the ARN of the identity that the policy is attached to".
	RuleResourceMismatch = "resource-mismatch"
	// RuleResourcePattern: a pattern that covers the identity, where SES asks
	// for its ARN.
	RuleResourcePattern = "resource-pattern"
	// RuleUnknownOperator: a condition operator that the IAM language does not
	// have (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html).
	RuleUnknownOperator = "unknown-operator"
	// RuleUnknownKey: a condition key that is not in the list of keys (package
	// known). SES has answered "Unknown or unapplicable condition field" to one.
	RuleUnknownKey = "unknown-condition-key"
	// RuleKeyCase: a condition key in another case than documented. IAM ignores
	// the case, SES has refused AWS:SourceAccount.
	RuleKeyCase = "condition-key-case"
	// RuleDuplicateKey: a condition key twice under one operator, in different
	// case. Access Analyzer: "Duplicate keys with different case".
	RuleDuplicateKey = "duplicate-condition-key"
	// RuleConditionValue: a value that its operator cannot compare: no number,
	// no boolean, no IP address. Access Analyzer: "Type mismatch".
	RuleConditionValue = "condition-value"
	// RuleUnparsableDate: a date that is neither ISO 8601 nor seconds since 1970.
	RuleUnparsableDate = "unparsable-date"
	// RuleDenyNothing: a Deny that cannot deny anything: no action of SES, today
	// or later, no principal or another identity matches.
	RuleDenyNothing = "deny-nothing"
)
