package requestfile

import (
	"regexp"
	"strconv"
	"strings"

	"sespolicy/shared/document"
	"sespolicy/shared/identity"
)

// isIntrinsic reports whether a value is an intrinsic function of CloudFormation.
func isIntrinsic(n document.Node) bool {
	if !n.IsObject() || n.Len() != 1 {
		return false
	}
	for name := range n.Members() {
		return name == "Ref" || strings.HasPrefix(name, "Fn::")
	}
	return false
}

// isNoValue reports whether a value is the pseudo parameter that removes its
// member or element.
func isNoValue(n document.Node) bool { return isIntrinsic(n) && n.Get("Ref").Text() == "AWS::NoValue" }

// resolver resolves the intrinsic functions that depend on nothing but the
// template's own text and the account and Region of an owner. Everything else,
// defaults of parameters included, is known only when the stack is deployed.
type resolver struct{ owner identity.Owner }

// pseudo is the value of a pseudo parameter.
func (r resolver) pseudo(name string) (string, bool) {
	if r.owner.Account == "" {
		return "", false
	}
	switch name {
	case "AWS::AccountId":
		return r.owner.Account, true
	case "AWS::Region":
		return r.owner.Region, true
	case "AWS::Partition":
		return r.owner.Partition, true
	default:
		return "", false
	}
}

// text is the text that a value stands for; false if it is not known.
func (r resolver) text(n document.Node) (string, bool) {
	switch {
	case !isIntrinsic(n):
		return n.Text(), n.Exists() && !n.IsObject() && !n.IsArray()
	case n.Get("Ref").IsString():
		return r.pseudo(n.Get("Ref").Text())
	case n.Get("Fn::Sub").Exists():
		return r.substitute(n.Get("Fn::Sub"))
	case n.Get("Fn::Join").IsArray():
		arguments := elements(n.Get("Fn::Join"))
		if len(arguments) != 2 {
			return "", false
		}
		list, ok := r.list(arguments[1])
		return strings.Join(list, arguments[0].Text()), ok && arguments[0].IsString()
	case n.Get("Fn::Select").IsArray():
		arguments := elements(n.Get("Fn::Select"))
		if len(arguments) != 2 {
			return "", false
		}
		at, known := r.text(arguments[0])
		index, err := strconv.Atoi(at)
		list, ok := r.list(arguments[1])
		if !known || !ok || err != nil || index < 0 || index >= len(list) {
			return "", false
		}
		return list[index], true
	default:
		return "", false
	}
}

// list is the list of texts that a value stands for.
func (r resolver) list(n document.Node) ([]string, bool) {
	if split := elements(n.Get("Fn::Split")); isIntrinsic(n) {
		if len(split) != 2 || !split[0].IsString() || split[0].Text() == "" {
			return nil, false
		}
		text, ok := r.text(split[1])
		return strings.Split(text, split[0].Text()), ok
	}
	if !n.IsArray() {
		return nil, false
	}
	var list []string
	for element := range n.Elements() {
		text, ok := r.text(element)
		if !ok {
			return nil, false
		}
		list = append(list, text)
	}
	return list, true
}

func elements(n document.Node) []document.Node {
	var all []document.Node
	for element := range n.Elements() {
		all = append(all, element)
	}
	return all
}

// reference is a ${Name}, or a ${!Literal}, in the text of Fn::Sub.
var reference = regexp.MustCompile(`\$\{[^{}]*\}`)

// substitute is the text of Fn::Sub: a string, or a list of a string and the
// values of names.
func (r resolver) substitute(n document.Node) (string, bool) {
	var own document.Node
	if list := elements(n); len(list) == 2 {
		n, own = list[0], list[1]
	}
	if !n.IsString() {
		return "", false
	}
	known := true
	text := reference.ReplaceAllStringFunc(n.Text(), func(found string) string {
		name := strings.TrimSpace(found[2 : len(found)-1])
		if literal, ok := strings.CutPrefix(name, "!"); ok {
			return "${" + literal + "}"
		}
		value, ok := r.pseudo(name)
		if at := own.Get(name); at.Exists() {
			value, ok = r.text(at)
		}
		known = known && ok
		return value
	})
	return text, known
}
