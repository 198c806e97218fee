package policy

import (
	"regexp"
	"strings"
	"sync"

	"sespolicy/shared/identity"
	"sespolicy/shared/policy/known"
)

// documentedAccount stands for an account id in the documented example of
// PutIdentityPolicy, and is accepted there
// (https://docs.aws.amazon.com/ses/latest/APIReference/API_PutIdentityPolicy.html).
const documentedAccount = "EXAMPLE65304"

// brackets are the marks that templates and examples put around a name to be
// replaced. None of them can be in an account id, a Region or the name of a user
// or role.
var brackets = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`\$\{|\$\(|\{\{|#\{|<[^<>]*>|\{[^{}]*\}|\[[^\[\]]*\]|%[^%]+%|%[sdv]\b|^\$\w|^__.+__$|^@.+@$|\.\.\.|…|^!\w`)
})

// placeholderWords are parts of names that people write where a value has to be
// filled in, in lower case.
var placeholderWords = []string{
	"undefined", "account", "acct", "your", "placeholder", "replace", "change", "insert", "xxx", "nnn", "todo", "tbd", "fixme", "number",
}

// emptyWords are what programs write for a value that was not set.
var emptyWords = []string{"null", "none", "nil", "nan", "n/a", "false", "true"}

// Placeholder reports whether text, which stands where an account id, a Region
// or a whole principal belongs, is evidently a name that something was to be
// filled in for: ${AWS::AccountId}, <account>, {{account}}, ACCOUNT_ID,
// YOUR-ACCOUNT, undefined, null. It stands for nobody, not for everybody. A policy
// variable such as ${aws:PrincipalAccount} is none, and neither is the account of
// the documented example.
func Placeholder(text string) bool {
	if text == documentedAccount || identity.IsAccount(text) {
		return false
	}
	return hasBrackets(text) || hasWord(withoutVariables(text))
}

// hasBrackets reports whether text has a name in brackets that is no policy
// variable.
func hasBrackets(text string) bool {
	if !strings.ContainsAny(text, "$<{[%#!…") && !strings.Contains(text, "...") && !strings.HasPrefix(text, "__") && !strings.HasPrefix(text, "@") {
		return false // as most texts, without the cost of an expression
	}
	return brackets().MatchString(withoutVariables(text))
}

func withoutVariables(text string) string {
	if !strings.Contains(text, "${") {
		return text
	}
	return variable().ReplaceAllStringFunc(text, withoutVariable)
}

func hasWord(text string) bool {
	lower := strings.ToLower(strings.TrimSpace(text))
	for _, word := range placeholderWords {
		if strings.Contains(lower, word) {
			return true
		}
	}
	for _, word := range emptyWords {
		if lower == word {
			return true
		}
	}
	return strings.HasPrefix(lower, "example")
}

// variable is a policy variable, perhaps with a default value, or one of the
// three escapes
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html).
var variable = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`\$\{([^{}',]+)(, *'[^']*')?\}`)
})

// withoutVariable returns "" for a policy variable, and another text unchanged.
func withoutVariable(text string) string {
	name := strings.TrimSpace(variable().FindStringSubmatch(text)[1])
	if name == "*" || name == "?" || name == "$" || known.Get().Key(name) != "" || isIssuer(name) && !strings.Contains(name, "::") {
		return ""
	}
	return text
}

// arnFields splits an ARN at its first five colons, and not at the colons inside
// of brackets: ${AWS::AccountId} is one field. It returns nil for fewer fields.
func arnFields(text string) []string {
	fields := make([]string, 0, 6)
	depth, start := 0, 0
	for i := range len(text) {
		switch c := text[i]; {
		case c == '{' || c == '<' || c == '[' || c == '(':
			depth++
		case (c == '}' || c == '>' || c == ']' || c == ')') && depth > 0:
			depth--
		case c == ':' && depth == 0 && len(fields) < 5:
			fields = append(fields, text[start:i])
			start = i + 1
		}
	}
	if fields = append(fields, text[start:]); len(fields) < 6 {
		return nil
	}
	return fields
}
