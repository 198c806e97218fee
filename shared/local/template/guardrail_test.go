package template

import (
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"

	"sespolicy/shared/guardrail"
	"sespolicy/shared/identity"
)

// parameterOf is the parameter that sets a variable: AllowedIdentities for
// ALLOWED_IDENTITIES.
func parameterOf(variable string) string {
	var b strings.Builder
	for word := range strings.SplitSeq(variable, "_") {
		b.WriteString(word[:1] + strings.ToLower(word[1:]))
	}
	return b.String()
}

// taken reports whether a parameter takes a value.
func taken(t *testing.T, name, value string) bool {
	t.Helper()
	r := resolver{Template: load(t), settings: Settings{Parameters: map[string]string{name: value}}}
	_, err := r.parameter(newText(&yaml.Node{}, name), member(r.sections["Parameters"], name))
	return err == nil
}

// read reports whether the function starts with a guardrail's variable.
func read(variable, value string) bool {
	config, err := guardrail.Read(func(name string) string {
		if name == variable {
			return value
		}
		return ""
	})
	if err != nil {
		return false
	}
	_, err = guardrail.New(config)
	return err == nil
}

// pieces are what values of guardrails are made of, right and wrong ones.
var pieces = []string{
	"*", "?", ",", ", ", " ", "a", "Z9", "-", "_", ".", "@", ":", "ses:", "Send*", "example.com", "111122223333", "o-a1b2c3d4e5", "cognito-idp.amazonaws.com",
	"${topic}", "${topic}-", "$", "{", "}", "${", "$$", "${Topic}", "${aws:username}", "ö", "\n", "\t", "/", "+", "=", "\"", "\\", "(", "#", "~", "|",
	"arn:aws:iam::111122223333:role/", "arn:aws:ses:*:*:identity/", "arn:*:*:*:*:*", "true", "false", "TRUE", "1",
}

// A stack that deploys starts: the template refuses every value that the
// function refuses, ARNs with too few fields excepted. It takes those that the
// function takes, apart from the unusual.
func TestParametersTakeWhatTheFunctionTakes(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	for _, setting := range guardrail.Settings() {
		both := map[bool]int{}
		for range 2000 {
			var b strings.Builder
			for range random.IntN(6) {
				b.WriteString(pieces[random.IntN(len(pieces))])
			}
			value := b.String()
			want, got := read(setting.Variable, value), taken(t, parameterOf(setting.Variable), value)
			if got && !want && !hasShortARN(value) || want && !got && !unusual.MatchString(value) && !setting.Boolean {
				t.Errorf("%s=%q: the template takes it: %v, the function: %v", setting.Variable, value, got, want)
			}
			both[want]++
		}
		if both[true] == 0 || both[false] == 0 {
			t.Errorf("%s: %d values taken and %d refused, want some of each", setting.Variable, both[true], both[false])
		}
	}
}

// hasShortARN reports whether a list has a pattern that begins like an ARN and
// has too few fields: it matches nothing, which the function says at its start.
func hasShortARN(list string) bool {
	return slices.ContainsFunc(strings.Split(list, ","), func(pattern string) bool {
		return identity.IsARN(strings.TrimSpace(pattern)) && strings.Count(pattern, ":") < 5
	})
}

// unusual values have white space other than blanks, or a $ before another, a
// blank or the end of a pattern.
var unusual = regexp.MustCompile(`[\t\n]|\$(\$|[ ,]|$)`)
