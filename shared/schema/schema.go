// Package schema is the JSON Schema of a request, for editors. It refuses nothing
// that the function accepts, and much less than the function refuses.
//
// https://json-schema.org/draft/2020-12/json-schema-core
package schema

import (
	"slices"

	"sespolicy/shared/message"
	"sespolicy/shared/policy"
)

// object is a part of a schema.
type object = map[string]any

// memberSchemas says what each member of a request is.
var memberSchemas = map[string]object{
	"Action": {"enum": []message.Action{message.Put, message.Delete}, "default": message.Put,
		"description": "What to do. Without it the policy is put."},
	"Identity": {"type": "string", "minLength": 1, "examples": []string{"example.com", "sender@example.com"},
		"description": "The domain or email address whose policy it is, or the ARN of its identity."},
	"PolicyName": {"type": "string", "minLength": 1, "maxLength": policy.MaxNameLength, "pattern": "^[A-Za-z0-9_-]+$",
		"description": "1 to 64 letters, digits, hyphens and underscores. A policy of this name is replaced."},
	"Policy": {"anyOf": []object{{"$ref": "#/$defs/policy"}, {"type": "string"}},
		"description": "The sending authorization policy: a document, or its text as a string. At most 4096 bytes minified."},
	"TaskToken": {"type": "string",
		"description": "Of the Step Functions task that waits for the answer."},
}

// elementSchemas says what the elements of a policy and of its statements are.
// What SES may accept in spite of the documentation is not refused.
var elementSchemas = map[string]object{
	"Version":      {"type": scalars, "examples": []string{"2012-10-17", "2008-10-17"}},
	"Id":           {"type": scalars},
	"Statement":    {"anyOf": []object{{"$ref": "#/$defs/statement"}, {"type": "array", "minItems": 1, "items": object{"$ref": "#/$defs/statement"}}}},
	"Sid":          {"type": scalars},
	"Effect":       {"anyOf": []object{{"enum": []string{policy.Allow, policy.Deny}}, {"type": "string", "pattern": "^([Aa][Ll][Ll][Oo][Ww]|[Dd][Ee][Nn][Yy])$"}}},
	"Principal":    principals,
	"NotPrincipal": principals,
	"Action":       words("ses:SendEmail", "ses:SendRawEmail", "ses:Send*"),
	"NotAction":    words(),
	"Resource":     words("arn:aws:ses:us-east-1:123456789012:identity/example.com"),
	"NotResource":  words(),
	"Condition":    {"type": []string{"object", "null"}, "additionalProperties": object{"type": "object"}},
}

// scalars are the types of an element that takes any string: SES may accept the
// others, of which check warns.
var scalars = []string{"string", "number", "boolean", "null"}

var principals = object{"anyOf": []object{{"const": "*"}, {"type": "object", "properties": object{
	policy.PrincipalAWS:       object{"examples": []string{"arn:aws:iam::111122223333:root", "111122223333"}},
	policy.PrincipalService:   object{},
	policy.PrincipalFederated: object{},
}}}}

// words is a string or a list of strings.
func words(examples ...string) object {
	one := object{"type": "string"}
	if len(examples) > 0 {
		one["examples"] = examples
	}
	return object{"anyOf": []object{one, {"type": "array", "items": one}}}
}

// Request is the schema of a bare request. The names are those that the reader
// knows.
func Request() map[string]any {
	put, del := message.Members(message.Put), message.Members(message.Delete)
	onlyPut := slices.DeleteFunc(slices.Clone(put), func(name string) bool { return slices.Contains(del, name) })
	forbidden := object{}
	for _, name := range onlyPut {
		forbidden[name] = false
	}
	ofPolicy, ofStatement := policy.Elements()
	return object{
		"$schema":              "https://json-schema.org/draft/2020-12/schema",
		"title":                "Request for an SES sending authorization policy",
		"type":                 "object",
		"properties":           pick(memberSchemas, put),
		"additionalProperties": false,
		"required":             slices.DeleteFunc(slices.Clone(del), func(name string) bool { return name == "Action" || name == "TaskToken" }),
		"if":                   object{"properties": object{"Action": object{"const": message.Delete}}, "required": []string{"Action"}},
		"then":                 object{"properties": forbidden},
		"else":                 object{"required": onlyPut},
		"$defs": object{
			"policy":    object{"type": "object", "properties": pick(elementSchemas, ofPolicy), "required": []string{"Statement"}},
			"statement": object{"type": "object", "properties": pick(elementSchemas, ofStatement), "required": []string{"Effect"}, "allOf": eitherOr(ofStatement)},
		},
	}
}

// pick are the schemas of the names. A name without one takes anything.
func pick(schemas map[string]object, names []string) object {
	picked := object{}
	for _, name := range names {
		picked[name] = schemas[name]
		if schemas[name] == nil {
			picked[name] = true
		}
	}
	return picked
}

// eitherOr demands, of each element that has an opposite, exactly one of the two.
func eitherOr(elements []string) []object {
	var all []object
	for _, name := range elements {
		if opposite := "Not" + name; slices.Contains(elements, opposite) {
			all = append(all, object{"oneOf": []object{{"required": []string{name}}, {"required": []string{opposite}}}})
		}
	}
	return all
}
