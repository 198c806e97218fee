package identity_test

import (
	"strings"
	"testing"

	"sespolicy/shared/identity"
)

func TestParseGivesOneNameToAllSpellings(t *testing.T) {
	for text, want := range map[string]string{
		"example.com":                     "example.com",
		"EXAMPLE.com":                     "example.com",
		"User@EXAMPLE.com":                "User@EXAMPLE.com", // an address counts to the letter
		"user@Example.com":                "user@Example.com",
		`"a b"@EXAMPLE.com`:               `"a b"@EXAMPLE.com`,
		`"odd@LOCAL"@Example.com`:         `"odd@LOCAL"@Example.com`,
		"a_b.example.com":                 "a_b.example.com",
		"localhost":                       "localhost",
		"xn--bcher-kva.example":           "xn--bcher-kva.example",
		"user+tag/x=y@example.com":        "user+tag/x=y@example.com",
		`"odd@local"@example.com`:         `"odd@local"@example.com`,
		"*@example.com":                   "*@example.com", // an address in its own right, not a pattern
		"_dmarc.1-2.example.co.uk":        "_dmarc.1-2.example.co.uk",
		strings.Repeat("a", 316) + ".com": strings.Repeat("a", 316) + ".com",
		"arn:aws:ses:us-east-1:123456789012:identity/EXAMPLE.com":               "example.com",
		"arn:aws-cn:ses:cn-north-1:123456789012:identity/Me@Example.COM":        "Me@Example.COM",
		"arn:aws-us-gov:ses:us-gov-west-1:123456789012:identity/example.com":    "example.com",
		"arn:aws-iso-b:ses:us-isob-east-1:123456789012:identity/example.com":    "example.com",
		"arn:aws-eusc:ses:eusc-de-east-1:123456789012:identity/a:b@example.com": "a:b@example.com",
	} {
		id, err := identity.Parse(text)
		if err != nil || id.Key() != want {
			t.Errorf("%s: got %q, %v, want %q", text, id.Key(), err, want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for reason, text := range map[string]string{
		"nothing":                    "",
		"a space":                    "example.com ",
		"a space in the local part":  "a b@example.com",
		"a space after a quote":      `"a b@example.com`,
		"a space after the quotes":   `"a" b@example.com`,
		"a NUL in quotes":            "\"a\x00b\"@example.com",
		"a DEL in the local part":    "a\x7f@example.com",
		"a display name":             "Me <me@example.com>",
		"a line end":                 "example.com\n",
		"a NUL":                      "example.com\x00",
		"a DEL":                      "example.com\x7f",
		"Cyrillic letters":           "ехample.com",
		"an umlaut":                  "bücher.example",
		"a full-width dot":           "example．com",
		"a zero-width space":         "exam\u200bple.com",
		"a local part outside ASCII": "jürgen@example.com",
		"bytes that are not UTF-8":   "\xff.example.com",
		"no local part":              "@example.com",
		"no domain":                  "me@",
		"an empty label":             "example..com",
		"a leading dot":              ".example.com",
		"a final dot":                "example.com.",
		"a URL":                      "https://example.com",
		"a pattern":                  "*.example.com",
		"321 characters":             strings.Repeat("a", 317) + ".com",
		"another service's ARN":      "arn:aws:s3:us-east-1:123456789012:identity/example.com",
		"another kind of resource":   "arn:aws:ses:us-east-1:123456789012:template/example.com",
		"no Region in the ARN":       "arn:aws:ses::123456789012:identity/example.com",
		"no account in the ARN":      "arn:aws:ses:us-east-1::identity/example.com",
		"a placeholder account":      "arn:aws:ses:us-east-1:EXAMPLE65304:identity/example.com",
		"a wildcard account":         "arn:aws:ses:us-east-1:*:identity/example.com",
		"a partition of someone":     "arn:gcp:ses:us-east-1:123456789012:identity/example.com",
		"a short ARN":                "arn:aws:ses:us-east-1",
		"an ARN in upper case":       "ARN:AWS:SES:us-east-1:123456789012:identity/example.com",
		"an ARN in an ARN":           "arn:aws:ses:us-east-1:123456789012:identity/arn:aws:ses:us-east-1:123456789012:identity/example.com",
		"an ARN without a name":      "arn:aws:ses:us-east-1:123456789012:identity/",
		"a megabyte":                 strings.Repeat("a", 1<<20),
	} {
		if id, err := identity.Parse(text); err == nil {
			t.Errorf("%s: %.60q was taken as %+v", reason, text, id)
		} else if len(err.Error()) > 1000 {
			t.Errorf("%s: the error has %d bytes", reason, len(err.Error()))
		}
	}
}

func TestOwner(t *testing.T) {
	owner, err := identity.ParseOwner("arn:aws:sqs:us-east-1:123456789012:RequestQueue")
	if err != nil || owner != (identity.Owner{Partition: "aws", Region: "us-east-1", Account: "123456789012"}) {
		t.Fatalf("got %+v, %v", owner, err)
	}
	for _, text := range []string{"", "RequestQueue", "arn:aws:sns:us-east-1:123456789012:t", "arn:aws:sqs::123456789012:q", "arn:aws:sqs:us-east-1::q"} {
		if owner, err := identity.ParseOwner(text); err == nil {
			t.Errorf("%q was taken as %+v", text, owner)
		}
	}
	for text, in := range map[string]bool{
		"example.com": true,
		"arn:aws:ses:us-east-1:123456789012:identity/example.com":    true,
		"arn:aws:ses:eu-west-1:123456789012:identity/example.com":    false,
		"arn:aws:ses:us-east-1:999999999999:identity/example.com":    false,
		"arn:aws-cn:ses:us-east-1:123456789012:identity/example.com": false,
	} {
		id, err := identity.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if err := id.In(owner); (err == nil) != in {
			t.Errorf("%s: got %v", text, err)
		}
		if in && owner.Of(id).ARN() != "arn:aws:ses:us-east-1:123456789012:identity/example.com" {
			t.Errorf("%s: ARN %s", text, owner.Of(id).ARN())
		}
	}
}

func TestRelation(t *testing.T) {
	const us = "arn:aws:ses:us-east-1:123456789012:"
	byName, _ := identity.Parse("example.com")
	address, _ := identity.Parse("Me@example.com")
	shouted, _ := identity.Parse("Me@EXAMPLE.com")
	owned := identity.Owner{Partition: "aws", Region: "us-east-1", Account: "123456789012"}
	const same, covers, other = identity.Same, identity.Covers, identity.Other
	for _, test := range []struct {
		reason   string
		id       identity.Identity
		resource string
		want     identity.Relation
	}{
		{"its ARN", owned.Of(byName), us + "identity/example.com", same},
		{"the domain in another case", owned.Of(byName), us + "identity/EXAMPLE.com", same},
		{"the documented placeholder account", owned.Of(byName), "arn:aws:ses:us-east-1:EXAMPLE65304:identity/example.com", same},
		{"another account", owned.Of(byName), "arn:aws:ses:us-east-1:999999999999:identity/example.com", other},
		{"another Region", owned.Of(byName), "arn:aws:ses:eu-west-1:123456789012:identity/example.com", other},
		{"another partition", owned.Of(byName), "arn:aws-cn:ses:us-east-1:123456789012:identity/example.com", other},
		{"another identity", owned.Of(byName), us + "identity/other.com", other},
		{"an address of the domain", owned.Of(byName), us + "identity/me@example.com", other},
		{"a subdomain", owned.Of(byName), us + "identity/mail.example.com", other},
		{"no account", owned.Of(byName), "arn:aws:ses:us-east-1::identity/example.com", other},
		{"another service", owned.Of(byName), "arn:aws:s3:::example.com", other},
		{"another kind", owned.Of(byName), us + "template/example.com", other},
		{"the name alone", owned.Of(byName), "example.com", other},
		{"nothing", owned.Of(byName), "", other},
		{"a look-alike", owned.Of(byName), us + "identity/ехample.com", other},
		{"everything", owned.Of(byName), "*", covers},
		{"every identity", owned.Of(byName), us + "identity/*", covers},
		{"every account", owned.Of(byName), "arn:aws:ses:us-east-1:*:identity/example.com", covers},
		{"every identity of a domain in capitals", owned.Of(byName), us + "identity/EXAMPLE.*", covers},
		{"everything of SES", owned.Of(byName), "arn:aws:ses:*", covers},
		{"a pattern that misses", owned.Of(byName), us + "identity/*.example.com", other},
		{"a pattern for another account", owned.Of(byName), "arn:aws:ses:us-east-1:99*:identity/*", other},
		{"a pattern for another Region", owned.Of(byName), "arn:aws:ses:eu-*:123456789012:identity/*", other},
		{"no owner is known: any account", byName, "arn:aws:ses:eu-west-1:999999999999:identity/example.com", same},
		{"no owner is known: another identity", byName, "arn:aws:ses:eu-west-1:999999999999:identity/other.com", other},
		{"an address", owned.Of(address), us + "identity/Me@example.com", same},
		{"an address whose domain is in another case", owned.Of(address), us + "identity/Me@EXAMPLE.com", other},
		{"a pattern over addresses in another case", owned.Of(address), us + "identity/*@EXAMPLE.com", other},
		{"a pattern without an @ in the address's case", owned.Of(shouted), us + "identity/*EXAMPLE.com", covers},
		{"a pattern without an @ in another case", owned.Of(shouted), us + "identity/*example.com", other},
		{"the local part in another case", owned.Of(address), us + "identity/me@example.com", other},
	} {
		if got := test.id.Relation(test.resource); got != test.want {
			t.Errorf("%s: got %v, want %v", test.reason, got, test.want)
		}
	}
}

func TestMatch(t *testing.T) {
	for _, test := range []struct {
		pattern, text string
		want          bool
	}{
		{"", "", true},
		{"", "a", false},
		{"*", "", true},
		{"*", "anything at all", true},
		{"?", "", false},
		{"?", "a", true},
		{"?", "ab", false},
		{"a*c", "abc", true},
		{"a*c", "ac", true},
		{"a*c", "acb", false},
		{"*.example.com", "mail.example.com", true},
		{"*.example.com", "example.com", false},
		{"*.example.com", "mail.example.com.evil.org", false},
		{"example.com", "example.com.evil.org", false},
		{"example.com", "Example.com", false},
		{"a*b*c", "a_b_b_c", true},
		{"*ab*ab*", "abab", true},
		{"*ab*ab*", "aba", false},
		{"[a-z]", "a", false},
		{`\*`, "*", false},
		{"a.c", "abc", false},
		{"**", "", true},
	} {
		if got := identity.Match(test.pattern, test.text); got != test.want {
			t.Errorf("%q on %q: got %v", test.pattern, test.text, got)
		}
	}
}

// Names are compared with patterns as SES tells identities apart.
func TestMatches(t *testing.T) {
	const us = "arn:aws:ses:us-east-1:123456789012:identity/"
	for _, test := range []struct {
		reason, identity, pattern string
		matches, differsInCase    bool
	}{
		{"a domain in any case", "EXAMPLE.com", "Example.COM", true, false},
		{"a domain's ARN in any case", "example.com", us + "EXAMPLE.com", true, false},
		{"a pattern over domains in any case", "mail.example.com", "*.EXAMPLE.com", true, false},
		{"another domain", "example.com", "example.org", false, false},
		{"an address to the letter", "a@EXAMPLE.com", "a@EXAMPLE.com", true, false},
		{"an address whose domain is in another case", "a@EXAMPLE.com", "a@example.com", false, true},
		{"an address whose local part is in another case", "a@example.com", "A@example.com", false, true},
		{"a pattern over addresses to the letter", "a@EXAMPLE.com", "*@EXAMPLE.com", true, false},
		{"a pattern over addresses in another case", "a@EXAMPLE.com", "*@example.com", false, true},
		{"a pattern over everything in another case", "a@EXAMPLE.com", "*example.com", false, true},
		{"an address's ARN to the letter", "a@EXAMPLE.com", us + "a@EXAMPLE.com", true, false},
		{"an address's ARN in another case", "a@EXAMPLE.com", us + "a@example.com", false, true},
		{"the documented account and another case", "a@EXAMPLE.com", "arn:aws:ses:us-east-1:EXAMPLE65304:identity/a@example.com", false, true},
		{"an address of another domain", "a@EXAMPLE.com", "a@example.org", false, false},
		{"the address's domain", "a@EXAMPLE.com", "EXAMPLE.com", false, false},
		{"the domain's address", "example.com", "a@EXAMPLE.com", false, false},
	} {
		id, err := identity.Parse(test.identity)
		if err != nil {
			t.Fatal(err)
		}
		if !identity.IsARN(test.pattern) || !strings.Contains(test.pattern, "EXAMPLE65304") {
			id = identity.Owner{Partition: "aws", Region: "us-east-1", Account: "123456789012"}.Of(id)
		}
		if got := id.Matches(test.pattern); got != test.matches {
			t.Errorf("%s: matches %v", test.reason, got)
		}
		if got := id.DiffersInCase(test.pattern); got != test.differsInCase {
			t.Errorf("%s: differs in case %v", test.reason, got)
		}
	}
}

// Two addresses are two identities, and their keys are different.
func TestKeysOfAddressesDiffer(t *testing.T) {
	seen := map[string]string{}
	for _, text := range []string{"a@example.com", "a@EXAMPLE.com", "A@example.com", "a@Example.com", `"a"@example.com`, "a/b@example.com", "example.com"} {
		id, err := identity.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if other, again := seen[id.Key()]; again {
			t.Errorf("%s and %s have one key", text, other)
		}
		seen[id.Key()] = text
	}
}

func TestPunycode(t *testing.T) {
	for name, want := range map[string]string{
		"münchen.example":         "xn--mnchen-3ya.example",
		"MÜNCHEN.example":         "xn--mnchen-3ya.example",
		"info@bücher.example":     "info@xn--bcher-kva.example",
		"Info@bücher.Example":     "Info@xn--bcher-kva.example",
		"例え.テスト":                  "xn--r8jz45g.xn--zckzah",
		"example．com":             "example.com",
		"ехample.com":             "xn--ample-ywe6i.com",
		"example.com":             "",
		"xn--mnchen-3ya.example":  "",
		"jürgen@example.com":      "",
		"jürgen@münchen.example":  "",
		"münchen..example":        "",
		"":                        "",
		"@münchen.example":        "",
		strings.Repeat("ü", 5000): "",
	} {
		if got := identity.Punycode(name); got != want {
			t.Errorf("%.40q: got %q, want %q", name, got, want)
		}
	}
	if _, err := identity.Parse("münchen.example"); err == nil || !strings.Contains(err.Error(), "xn--mnchen-3ya.example") {
		t.Errorf("the error does not say what to write: %v", err)
	}
}

// The fields of an ARN match one by one, so that a path cannot stand for an account.
func TestMatchARN(t *testing.T) {
	for _, test := range []struct {
		pattern, text string
		want          bool
	}{
		{"arn:aws:iam::1:role/*", "arn:aws:iam::1:role/a:b", true},
		{"arn:*:*:*:1:*", "arn:aws:iam::1:root", true},
		{"*:*:*:*:*:*", "arn:aws:iam::1:root", true},
		{"arn:aws*:iam::?:root", "arn:aws-cn:iam::1:root", true},
		{"arn:*:iam::1:role/*", "arn:aws:iam::9:role/:iam::1:role/x", false},
		{"arn:aws:*::1:*", "arn:aws:iam::9:role/x::1:y", false},
		{"arn:*:1:*", "arn:aws:iam::1:root", false},
		{"*", "arn:aws:iam::1:root", false},
		{"arn:aws:iam::1:root", "arn:aws:iam::1", false},
	} {
		if got := identity.MatchARN(test.pattern, test.text); got != test.want {
			t.Errorf("%q on %q: got %v", test.pattern, test.text, got)
		}
	}
}

// A pattern of many stars on a long text takes a backtracking matcher
// exponential time.
func TestMatchDoesNotBacktrack(t *testing.T) {
	pattern := strings.Repeat("a*", 200) + "b"
	if identity.Match(pattern, strings.Repeat("a", 20_000)) {
		t.Error("matched")
	}
}
