package meaning

import (
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/diff"

	"sespolicy/shared/document"
)

// part is a statement of a policy, or all members but the statements.
type part struct{ title, sid, meaning, text string }

// DiffStatements returns the difference between two policies, statement by
// statement: for each one that differs, a line that names it and the difference
// in unified format. Statements that mean the same are left out; empty if both
// policies mean the same. An empty text is an absent policy.
func DiffStatements(before, after, partition string) string {
	was, readable := parts(before, partition)
	is, too := parts(after, partition)
	if !readable || !too {
		return hunks(Diff("before", before, "after", after))
	}
	was, is = different(was, is), different(is, was)
	var b strings.Builder
	show := func(p, q part) {
		title := p.title
		if title == "" {
			title = q.title
		}
		b.WriteString(title + "\n" + hunks(string(diff.Diff("before", []byte(p.text), "after", []byte(q.text)))))
	}
	for _, p := range was {
		i := slices.IndexFunc(is, func(q part) bool { return p.title == q.title && (p.sid != "" || p.title == whole) })
		if i < 0 {
			i = slices.IndexFunc(is, func(q part) bool { return p.sid == "" && q.sid == "" && p.title != whole && q.title != whole })
		}
		if i < 0 {
			show(p, part{})
			continue
		}
		show(p, is[i])
		is = slices.Delete(is, i, i+1)
	}
	for _, q := range is {
		show(part{}, q)
	}
	return b.String()
}

// whole is the title of the members that are not statements.
const whole = "the policy"

// parts splits a policy; false if it cannot be read. An absent policy has none.
func parts(text, partition string) ([]part, bool) {
	if text == "" {
		return nil, true
	}
	doc, findings := document.ReadString(text)
	if doc == nil || len(findings) > 0 || !doc.Root().IsObject() {
		return nil, false
	}
	var all []part
	rest := map[string]any{}
	for name, member := range doc.Root().Members() {
		switch {
		case name != "Statement":
			rest[name] = exact(member)
		case member.IsArray():
			for element := range member.Elements() {
				all = append(all, statementPart(element, partition))
			}
		default:
			all = append(all, statementPart(member, partition))
		}
	}
	if len(rest) > 0 {
		all = append([]part{{title: whole, meaning: encode(rest), text: Pretty(encode(rest))}}, all...)
	}
	return all, true
}

func statementPart(n document.Node, partition string) part {
	p := part{title: "a statement without a Sid", meaning: encode(statement(n, partition)), text: Pretty(pretty(n))}
	if sid := n.Get("Sid"); n.IsObject() && sid.IsString() && sid.Text() != "" {
		p.sid = sid.Text()
		p.title = "statement " + p.sid
	}
	return p
}

// different are the parts whose meaning is not among the others.
func different(parts, others []part) []part {
	return slices.DeleteFunc(slices.Clone(parts), func(p part) bool {
		return slices.ContainsFunc(others, func(q part) bool { return p.meaning == q.meaning && p.title == q.title })
	})
}

// hunks is a difference in unified format without the names of the two.
func hunks(difference string) string {
	for _, name := range []string{"diff ", "--- ", "+++ "} {
		if strings.HasPrefix(difference, name) {
			_, difference, _ = strings.Cut(difference, "\n")
		}
	}
	return difference
}
