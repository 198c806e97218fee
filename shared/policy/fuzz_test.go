package policy_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"

	"sespolicy/shared/document"
	"sespolicy/shared/finding"
	"sespolicy/shared/policy"
)

// FuzzCheck: whatever the text, there is a policy; the findings have places, in
// the order of the text; they are the same for the text minified and spread
// out, and the verdict is the same whatever the order of members.
func FuzzCheck(f *testing.F) {
	for _, pattern := range []string{"testdata/*/*.json", corpus + "/*/*.json"} {
		files, _ := filepath.Glob(pattern)
		for _, file := range files {
			if text, err := os.ReadFile(file); err == nil {
				f.Add(text)
			}
		}
	}
	f.Add([]byte(fiveKinds))
	f.Fuzz(func(t *testing.T, text []byte) {
		doc, findings := document.Read(text)
		if doc == nil {
			return // document's own fuzzing
		}
		before := bytes.Clone(text)
		p, all := policy.Check(doc.Root(), example)
		if p == nil || !bytes.Equal(before, text) {
			t.Fatalf("policy %v, text altered: %v", p, !bytes.Equal(before, text))
		}
		for i, one := range all {
			if one.Line < 1 || one.Column < 1 || one.Rule == "" || one.Message == "" {
				t.Fatalf("a finding without its place: %+v", one)
			}
			if i > 0 && (all[i-1].Line > one.Line || all[i-1].Line == one.Line && all[i-1].Column > one.Column) {
				t.Fatalf("findings out of order: %+v, %+v", all[i-1], one)
			}
		}
		spread := jsontext.Value(bytes.Clone(text))
		if err := spread.Indent(); err != nil {
			t.Fatal(err)
		}
		for _, other := range [][]byte{doc.Root().Minified(), spread} {
			again, _ := document.Read(other)
			if again == nil {
				t.Fatalf("%s cannot be read any more", other)
			}
			_, now := policy.Check(again.Root(), example)
			if diff := cmp.Diff(places(all), places(now)); diff != "" {
				t.Fatalf("white space made a difference: %s", diff)
			}
		}
		if len(findings) > 0 {
			return // which of two members counts is a matter of order
		}
		again, _ := document.Read([]byte(reversed(doc.Root())))
		_, now := policy.Check(again.Root(), example)
		if (len(violations(all)) == 0) != (len(violations(now)) == 0) {
			t.Fatalf("the order of members made a difference: %q and %q", found(all), found(now))
		}
	})
}

// fiveKinds has something of everything that the grammar has.
const fiveKinds = `{"Id":"x","Version":"2012-10-17","Statement":[{"Sid":"a","Effect":"Allow","Principal":{"AWS":["*",1],"Service":"ses.amazonaws.com",
"Federated":"f","CanonicalUser":"c"},"NotAction":["ses:*"],"NotResource":"*","Condition":{"ForAllValues:StringLikeIfExists":{"ses:Recipients":["*",true]},
"DateLessThan":{"aws:CurrentTime":"x"},"IpAddress":{"aws:sourceip":"::1","aws:SourceIp":"1.2.3.4/5"},"Null":{"aws:PrincipalTag/x":1}}},
{"effect":"Deny","NotPrincipal":"*","Action":"*","Resource":[],"Comment":{}}]}`

// places are rules and paths, sorted: with other white space the order of two
// findings at one place may differ.
func places(findings []finding.Finding) []string {
	list := found(findings)
	slices.Sort(list)
	return list
}

// reversed is the value with the members of all objects the other way round.
func reversed(n document.Node) string {
	var parts []string
	switch {
	case n.IsArray():
		for e := range n.Elements() {
			parts = append(parts, reversed(e))
		}
		return "[" + strings.Join(parts, ",") + "]"
	case n.IsObject():
		for name, m := range n.Members() {
			quoted, _ := jsontext.AppendQuote(nil, name) // what was read is valid UTF-8
			parts = append(parts, string(quoted)+":"+reversed(m))
		}
		slices.Reverse(parts)
		return "{" + strings.Join(parts, ",") + "}"
	default:
		return string(n.Raw())
	}
}
