package identity_test

import (
	"regexp"
	"strings"
	"testing"

	"sespolicy/shared/identity"
)

// FuzzParse: an identity or an error, never both; the canonical name is its own
// canonical name, and its ARN is the same identity.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"example.com", "Me@EXAMPLE.com", "arn:aws:ses:us-east-1:123456789012:identity/Example.com", "a@b@c", "@", "ex\u0430mple.com", "a..b", "arn:aws:ses:::identity/",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		id, err := identity.Parse(text)
		if err != nil {
			return
		}
		again, err := identity.Parse(id.Name)
		if err != nil || again.Name != id.Name || !strings.EqualFold(id.Name, text) && id.Partition == "" {
			t.Fatalf("%q is %q, which is %q, %v", text, id.Name, again.Name, err)
		}
		owned := identity.Owner{Partition: "aws", Region: "us-east-1", Account: "123456789012"}.Of(id)
		byARN, err := identity.Parse(owned.ARN())
		if err != nil || byARN != owned {
			t.Fatalf("%+v by its ARN is %+v, %v", owned, byARN, err)
		}
		if got := owned.Relation(owned.ARN()); got != identity.Same {
			t.Fatalf("%q is %v to itself", owned.ARN(), got)
		}
		if !strings.ContainsAny(id.Name, "*?") && !owned.Matches(text) {
			t.Fatalf("%q does not match itself", text)
		}
	})
}

// FuzzMatch compares with a regular expression of the same meaning.
func FuzzMatch(f *testing.F) {
	f.Add("a*b?c", "axxbyc")
	f.Add("**", "")
	f.Add("*a*a*", "aaa")
	f.Fuzz(func(t *testing.T, pattern, text string) {
		var b strings.Builder
		b.WriteString(`(?s)^`)
		for i := range len(pattern) {
			switch c := pattern[i]; {
			case c >= 0x80:
				return // the expression counts code points, Match bytes
			case c == '*':
				b.WriteString(`.*`)
			case c == '?':
				b.WriteString(`.`)
			default:
				b.WriteString(regexp.QuoteMeta(string(c)))
			}
		}
		for i := range len(text) {
			if text[i] >= 0x80 {
				return
			}
		}
		expression, err := regexp.Compile(b.String() + `$`)
		if err != nil {
			return
		}
		// $ without the flag m is the end of the text.
		if want := expression.MatchString(text); identity.Match(pattern, text) != want {
			t.Fatalf("%q on %q: want %v", pattern, text, want)
		}
	})
}
