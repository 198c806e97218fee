// Package meaning compares policies by what they mean, and writes them for
// people. SES rewrites what it stores: it reorders members, collapses lists of
// one element and turns account ids into root ARNs.
//
// It does not judge policies (packages check and access), and it calls nothing.
package meaning

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/go-json-experiment/json/jsontext"

	"sespolicy/shared/document"
	"sespolicy/shared/identity"
)

// errUnreadable: the text is not JSON, or two readers could read it differently.
var errUnreadable = errors.New("the policy cannot be read")

// Equal reports whether two policies mean the same. It is false if one of them
// cannot be read, unless the texts are equal.
//
// These do not count: white space; the order of members, statements and lists;
// repeated list elements; a list of one element or the element alone; an account
// id or its root ARN, "*" or {"AWS": "*"} as a principal; the case of actions;
// numbers and booleans in conditions written as strings.
// Everything else counts: Sid, Id and Version too.
//
// partition (aws, aws-cn, …) is that of the identity. An account id stands for
// the root ARN of that partition only.
func Equal(a, b, partition string) bool {
	if a == b {
		return true
	}
	first, err := Of(a, partition)
	if err != nil {
		return false
	}
	second, err := Of(b, partition)
	return err == nil && first == second
}

// Of returns the normal form of a policy: two policies that mean the same
// have the same. It is JSON with sorted members and sorted lists.
func Of(text, partition string) (string, error) {
	doc, findings := document.ReadString(text)
	if doc == nil || len(findings) > 0 || !doc.Root().IsObject() {
		return "", errUnreadable
	}
	normal := map[string]any{}
	for name, member := range doc.Root().Members() {
		if name == "Statement" {
			normal[name] = list(member, func(n document.Node) any { return statement(n, partition) })
		} else {
			normal[name] = exact(member)
		}
	}
	return encode(normal), nil
}

func statement(n document.Node, partition string) any {
	if !n.IsObject() {
		return exact(n)
	}
	normal := map[string]any{}
	for name, member := range n.Members() {
		switch name {
		case "Action", "NotAction":
			normal[name] = list(member, action)
		case "Principal", "NotPrincipal":
			normal[name] = principal(member, partition)
		case "Resource", "NotResource":
			normal[name] = list(member, exact)
		case "Condition":
			normal[name] = condition(member)
		default:
			normal[name] = exact(member)
		}
	}
	return normal
}

func action(n document.Node) any {
	if !n.IsString() {
		return exact(n)
	}
	return strings.ToLower(n.Text())
}

// principal writes everybody as {"AWS": ["*"]} and accounts as their root ARN.
func principal(n document.Node, partition string) any {
	if n.IsString() && n.Text() == "*" {
		return map[string]any{"AWS": []any{"*"}}
	}
	if !n.IsObject() {
		return exact(n)
	}
	normal := map[string]any{}
	for kind, members := range n.Members() {
		normal[kind] = list(members, func(n document.Node) any {
			if kind == "AWS" && n.IsString() && identity.IsAccount(n.Text()) {
				return arn.ARN{Partition: partition, Service: "iam", AccountID: n.Text(), Resource: "root"}.String()
			}
			return exact(n)
		})
	}
	return normal
}

func condition(n document.Node) any {
	if !n.IsObject() {
		return exact(n)
	}
	normal := map[string]any{}
	for operator, keys := range n.Members() {
		if !keys.IsObject() {
			normal[operator] = exact(keys)
			continue
		}
		values := map[string]any{}
		for key, member := range keys.Members() {
			values[key] = list(member, conditionValue)
		}
		normal[operator] = values
	}
	return normal
}

// conditionValue writes numbers and booleans as strings, as IAM reads them.
func conditionValue(n document.Node) any {
	switch n.Kind() {
	case jsontext.KindNumber, jsontext.KindTrue, jsontext.KindFalse:
		return string(n.Raw())
	}
	return exact(n)
}

// list returns the elements of a list, or a single value, as a sorted list
// without duplicates.
func list(n document.Node, of func(document.Node) any) any {
	elements := map[string]any{}
	if n.IsArray() {
		for element := range n.Elements() {
			value := of(element)
			elements[encode(value)] = value
		}
	} else {
		value := of(n)
		elements[encode(value)] = value
	}
	sorted := make([]any, 0, len(elements))
	for _, text := range slices.Sorted(maps.Keys(elements)) {
		sorted = append(sorted, elements[text])
	}
	return sorted
}

// exact keeps a value as it is; the order of an object's members does not count.
func exact(n document.Node) any {
	switch {
	case n.IsObject():
		members := map[string]any{}
		for name, member := range n.Members() {
			members[name] = exact(member)
		}
		return members
	case n.IsArray():
		elements := []any{}
		for element := range n.Elements() {
			elements = append(elements, exact(element))
		}
		return elements
	case n.IsString():
		return n.Text()
	}
	return json.RawMessage(n.Raw())
}

func encode(value any) string {
	var text strings.Builder
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	if err := e.Encode(value); err != nil {
		panic(err) // maps with string keys, lists, strings and raw JSON
	}
	return strings.TrimSuffix(text.String(), "\n")
}
