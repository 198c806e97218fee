package policy

import (
	"strings"

	"sespolicy/shared/document"
	"sespolicy/shared/finding"
	"sespolicy/shared/policy/known"
)

// key checks a condition key.
func (c *checker) key(key string, at document.Node) {
	if c.noWarnings() {
		return
	}
	written := known.Get().Key(key)
	if written == key {
		return
	}
	if written != "" {
		c.warning(at.NameFault(RuleKeyCase, "the condition key "+finding.Quote(key)+" is written "+finding.Quote(written)+
			", SES has refused a key in another case").Suggest(written))
		return
	}
	if isIssuer(key) {
		return
	}
	f := at.NameFault(RuleUnknownKey, "the condition key "+finding.Quote(key)+
		" is not in this version's list of the keys of SES and of all services, of "+known.Get().Date)
	if nearest, ok := known.Get().NearestKey(key); ok {
		f.Message += ", " + nearest + " may be meant"
		f = f.Suggest(nearest)
	}
	c.warning(f)
}

// isIssuer reports whether a condition key is a claim of an identity provider,
// such as cognito-identity.amazonaws.com:sub. Those keys are available in the
// calls of federated users, and every provider has its own: no list has them all
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#condition-keys-wif).
func isIssuer(key string) bool {
	issuer, claim, found := strings.Cut(key, ":")
	return found && claim != "" && strings.Contains(issuer, ".")
}

// duplicateKeys warns of condition keys that differ only in case.
func (c *checker) duplicateKeys(keys document.Node) {
	count := keys.Len()
	if count < 2 || c.noWarnings() {
		return
	}
	seen := make(map[string]string, count)
	for key, values := range keys.Members() {
		lower := strings.ToLower(key)
		if before, ok := seen[lower]; ok && before != key {
			c.warning(values.NameFault(RuleDuplicateKey, "the condition key "+finding.Quote(key)+" repeats "+finding.Quote(before)))
		}
		seen[lower] = key
	}
}
