package meaning

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/diff"

	"sespolicy/shared/document"
)

// order is the order of members in the IAM documentation.
var order = []string{"Version", "Id", "Statement", "Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"}

// Pretty returns a policy for people and for version control: indented, members
// in the order of the IAM documentation, lists and statements sorted, lists of
// one element as the element. It means the same as text; a text that cannot be
// read is returned unchanged.
func Pretty(text string) string {
	doc, findings := document.ReadString(text)
	if doc == nil || len(findings) > 0 || !doc.Root().IsObject() {
		return text
	}
	var compact, indented bytes.Buffer
	compact.WriteString(pretty(doc.Root()))
	if err := json.Indent(&indented, compact.Bytes(), "", "  "); err != nil {
		return text
	}
	return indented.String() + "\n"
}

// Diff returns the difference between two policies, line by line in unified
// format, of their pretty forms; empty if the forms are equal. An empty text is
// an absent policy.
func Diff(beforeName, before, afterName, after string) string {
	form := func(text string) []byte {
		if text == "" {
			return nil
		}
		return []byte(Pretty(text))
	}
	return string(diff.Diff(beforeName, form(before), afterName, form(after)))
}

func pretty(n document.Node) string {
	switch {
	case n.IsObject():
		var members []string
		for _, m := range sortedMembers(n) {
			value := pretty(m)
			switch name := m.Name(); {
			case name == "Statement" && m.IsObject():
				value = "[" + value + "]"
			case strings.HasSuffix(name, "Principal") && m.IsArray(): // not a list of principals: IAM has no such form
				value = encode(exact(m))
			}
			members = append(members, encode(m.Name())+":"+value)
		}
		return "{" + strings.Join(members, ",") + "}"
	case n.IsArray():
		var elements []string
		for element := range n.Elements() {
			elements = append(elements, pretty(element))
		}
		if len(elements) == 1 && elements[0][0] == '"' {
			return elements[0]
		}
		slices.Sort(elements)
		return "[" + strings.Join(elements, ",") + "]"
	}
	return encode(exact(n))
}

func sortedMembers(n document.Node) []document.Node {
	var members []document.Node
	for _, m := range n.Members() {
		members = append(members, m)
	}
	rank := func(m document.Node) int {
		if i := slices.Index(order, m.Name()); i >= 0 {
			return i
		}
		return len(order)
	}
	slices.SortStableFunc(members, func(a, b document.Node) int {
		if d := rank(a) - rank(b); d != 0 {
			return d
		}
		return strings.Compare(a.Name(), b.Name())
	})
	return members
}
