package email

import (
	"encoding/json"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// maxPolicy is the documented size of a policy. Whether SES counts bytes or
// characters, and whether it counts whitespace, is not documented: here bytes
// count, all of them.
const maxPolicy = 4096

// judge says whether a text is a policy that SES takes, and which principals it
// names. Where SES is known to be lenient (any Version, any Sid, actions and
// resources of any kind, Effect in any case) so is this.
func judge(text string) (principals []string, err error) {
	if text == "" {
		return nil, violated("policy", "Member must have length greater than or equal to 1")
	}
	if len(text) > maxPolicy {
		return nil, invalidPolicy("Policy exceeds the maximum size of 4096 bytes")
	}
	if !jsontext.Value(text).IsValid() { // one value, valid UTF-8, no duplicate members
		return nil, invalidPolicy("Invalid policy: not a JSON document")
	}
	var policy map[string]any
	if json.Unmarshal([]byte(text), &policy) != nil || policy == nil {
		return nil, invalidPolicy("Invalid policy: not a JSON object")
	}
	statements := list(policy["Statement"])
	if len(statements) == 0 {
		return nil, invalidPolicy("Missing required field Statement")
	}
	for _, each := range statements {
		statement, ok := each.(map[string]any)
		if !ok {
			return nil, invalidPolicy("Invalid policy: a statement is not a JSON object")
		}
		named, err := judgeStatement(statement)
		if err != nil {
			return nil, err
		}
		principals = append(principals, named...)
	}
	return principals, nil
}

func judgeStatement(statement map[string]any) (principals []string, err error) {
	effect, _ := statement["Effect"].(string)
	if !strings.EqualFold(effect, "Allow") && !strings.EqualFold(effect, "Deny") {
		return nil, invalidPolicy("Invalid effect: Effect must be Allow or Deny")
	}
	for _, element := range []string{"Principal", "Action", "Resource"} {
		value, ok := statement[element]
		if !ok {
			value, ok = statement["Not"+element]
		}
		if !ok {
			return nil, invalidPolicy("Missing required field " + element)
		}
		if element == "Principal" {
			principals, ok = principalsOf(value)
		} else {
			_, ok = textsOf(value)
		}
		if !ok {
			return nil, invalidPolicy("Invalid policy: " + element)
		}
	}
	return principals, checkCondition(statement["Condition"])
}

// principalsOf reads "*" or {"AWS": ..., "Service": ...}.
func principalsOf(value any) (principals []string, ok bool) {
	if value == "*" {
		return []string{"*"}, true
	}
	kinds, ok := value.(map[string]any)
	if !ok || len(kinds) == 0 {
		return nil, false
	}
	for _, kind := range kinds {
		texts, ok := textsOf(kind)
		if !ok || len(texts) == 0 {
			return nil, false
		}
		principals = append(principals, texts...)
	}
	return principals, true
}

// checkCondition reads {operator: {key: value or list of values}}.
func checkCondition(value any) error {
	if value == nil {
		return nil
	}
	operators, ok := value.(map[string]any)
	if !ok {
		return invalidPolicy("Invalid policy: Condition")
	}
	for operator, each := range operators {
		keys, ok := each.(map[string]any)
		if !ok {
			return invalidPolicy("Invalid policy: Condition " + operator)
		}
		for key, values := range keys {
			// SES has refused AWS:SourceAccount while it takes aws:SourceAccount.
			prefix, _, _ := strings.Cut(key, ":")
			if strings.EqualFold(prefix, "aws") && prefix != "aws" {
				return invalidPolicy("Unknown or unapplicable condition field '" + key + "'.")
			}
			for _, one := range list(values) {
				switch one.(type) {
				case string, bool, float64:
				default:
					return invalidPolicy("Invalid policy: Condition " + operator + " " + key)
				}
			}
		}
	}
	return nil
}

// list is a list as it is, and anything else but null as a list of one.
func list(value any) []any {
	if several, ok := value.([]any); ok {
		return several
	}
	if value == nil {
		return nil
	}
	return []any{value}
}

// textsOf reads a string or a list of strings, none of them empty.
func textsOf(value any) (texts []string, ok bool) {
	if value == nil {
		return nil, false
	}
	for _, one := range list(value) {
		text, ok := one.(string)
		if !ok || text == "" {
			return nil, false
		}
		texts = append(texts, text)
	}
	return texts, true
}
