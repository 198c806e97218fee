package main

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// attributeMap is an item as DynamoDB has it. It is never changed in place.
type attributeMap = map[string]types.AttributeValue

// row is an item of the ledger's table. What differs from run to run stands in
// its own members, as a name: the id of the last write, the instance and the
// end of a lease. The rest is the same wherever the same has happened.
type row struct {
	attributes attributeMap
	text       string // of the attributes: a digest
	version    string
	write      string // the write of an invocation that still runs, or ""
	instance   string // of the lease: an instance that lives, or ""
	leased     bool   // the lease has not run out
}

func (r row) String() string {
	lease := ""
	if r.leased {
		lease = " leased"
	}
	return r.text + r.version + r.write + r.instance + lease
}

// smallWrite is one item of a transaction.
type smallWrite struct {
	key       string
	condition string // "", "absent", or the version
	row       row
	deletes   bool
}

// smallTable is DynamoDB as far as the ledger uses it: consistent reads, and
// transactions with the ledger's conditions. It shares no code with the local
// services.
type smallTable map[string]row

// write makes all writes, or none if a condition does not hold, unless they go
// unchecked.
func (t smallTable) write(writes []smallWrite, unchecked bool) bool {
	for _, w := range writes {
		has, exists := t[w.key]
		if !unchecked && (w.condition == "absent" && exists || w.condition != "" && w.condition != "absent" && has.version != w.condition) {
			return false
		}
	}
	for _, w := range writes {
		switch {
		case strings.HasPrefix(w.key, "versions#"): // the function does not read them
		case w.deletes:
			delete(t, w.key)
		default:
			t[w.key] = w.row
		}
	}
	return true
}

// forget renames what a dead instance or an ended invocation has left.
func (t smallTable) forget(change func(*row)) {
	for key, r := range t {
		change(&r)
		t[key] = r
	}
}

// renumber makes tables equal in which the same has happened in more or fewer
// writes. It may be done while nobody has read anything. What a resource may have
// put is compared with the policy's number, so it is 1 where they are equal, and 0
// where the policy has been settled since.
func (t smallTable) renumber() {
	numbers := map[string]string{}
	for _, r := range t {
		if number, ok := r.attributes["Number"]; ok {
			numbers[textValue(r.attributes["PolicyName"])] = textValue(number)
		}
	}
	for key, r := range t {
		r.version = "1"
		if list, ok := r.attributes["Made"].(*types.AttributeValueMemberL); ok {
			attributes := maps.Clone(r.attributes)
			attributes["Made"] = renumbered(list, numbers)
			r.setAttributes(attributes)
		}
		if _, ok := r.attributes["Number"]; ok && (textValue(r.attributes["Number"]) != "1" || r.attributes["Kept"] != nil) {
			attributes := maps.Clone(r.attributes)
			delete(attributes, "Kept")
			if textValue(attributes["Number"]) != "0" {
				attributes["Number"] = &types.AttributeValueMemberN{Value: "1"}
			}
			r.setAttributes(attributes)
		}
		t[key] = r
	}
}

func renumbered(list *types.AttributeValueMemberL, numbers map[string]string) *types.AttributeValueMemberL {
	made := &types.AttributeValueMemberL{}
	for _, each := range list.Value {
		entry, ok := each.(*types.AttributeValueMemberM)
		if !ok || entry.Value["Number"] == nil {
			made.Value = append(made.Value, each)
			continue
		}
		value := maps.Clone(entry.Value)
		if textValue(value["Number"]) == numbers[textValue(value["PolicyName"])] {
			value["Number"] = &types.AttributeValueMemberN{Value: "1"}
		} else {
			delete(value, "Number") // as zero is not stored
		}
		made.Value = append(made.Value, &types.AttributeValueMemberM{Value: value})
	}
	return made
}

func (r *row) setAttributes(attributes attributeMap) {
	var b strings.Builder
	render(&b, &types.AttributeValueMemberM{Value: attributes})
	digest := sha256.Sum256([]byte(b.String()))
	r.attributes, r.text = attributes, string(digest[:12])
}

func textValue(value types.AttributeValue) string {
	switch v := value.(type) {
	case *types.AttributeValueMemberS:
		return v.Value
	case *types.AttributeValueMemberN:
		return v.Value
	}
	return ""
}

func keyOf(item attributeMap) string { return textValue(item["PK"]) + "/" + textValue(item["SK"]) }

// conditionOf reads the conditions that the ledger has.
func conditionOf(put *types.Put) string {
	switch aws.ToString(put.ConditionExpression) {
	case "":
		return ""
	case "attribute_not_exists(PK)":
		return "absent"
	case "Version = :version":
		return textValue(put.ExpressionAttributeValues[":version"])
	}
	panic("a condition that the ledger did not have: " + *put.ConditionExpression)
}

// render writes a value with sorted members. The times of writes change nothing.
func render(b *strings.Builder, value types.AttributeValue) {
	switch v := value.(type) {
	case *types.AttributeValueMemberBOOL:
		fmt.Fprint(b, v.Value)
	case *types.AttributeValueMemberL:
		for _, each := range v.Value {
			render(b, each)
			b.WriteByte(';')
		}
	case *types.AttributeValueMemberM:
		b.WriteByte('{')
		for _, member := range slices.Sorted(maps.Keys(v.Value)) {
			b.WriteString(member + "=")
			render(b, v.Value[member])
			b.WriteByte(' ')
		}
		b.WriteByte('}')
	default:
		b.WriteString(textValue(value))
	}
}
