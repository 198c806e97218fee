package email

import (
	"errors"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// maxPolicy is the documented size of a policy. Whether SES counts bytes or
// characters, and whether it counts whitespace, is not documented: here bytes
// count, all of them.
const maxPolicy = 4096

// statement is one statement of a policy. A list that is absent is nil.
type statement struct {
	Effect                  string
	Principal, NotPrincipal principals
	Action, NotAction       several[string]
	Resource, NotResource   several[string]
	Condition               map[string]map[string]several[jsontext.Value] // by operator and key
}

// several is a list, or a value in place of a list of one.
type several[T any] []T

// UnmarshalJSONFrom reads either, and null as absent.
func (l *several[T]) UnmarshalJSONFrom(text *jsontext.Decoder) error {
	if kind := text.PeekKind(); kind == '[' || kind == 'n' {
		return json.UnmarshalDecode(text, (*[]T)(l))
	}
	*l = make([]T, 1)
	return json.UnmarshalDecode(text, &(*l)[0])
}

// principals are those of all kinds together.
type principals []string

// UnmarshalJSONFrom reads "*" or {"AWS": ..., "Service": ...}.
func (p *principals) UnmarshalJSONFrom(text *jsontext.Decoder) error {
	if text.PeekKind() == '"' {
		everybody, err := text.ReadToken()
		if err == nil && everybody.String() != "*" {
			err = errors.New(`a principal must be an object or "*"`)
		}
		*p = principals{"*"}
		return err
	}
	var kinds map[string]several[string]
	if err := json.UnmarshalDecode(text, &kinds); err != nil {
		return err
	}
	for _, kind := range kinds {
		if len(kind) == 0 {
			return errors.New("a principal is empty")
		}
		*p = append(*p, kind...)
	}
	return nil
}

// judge says whether a text is a policy that SES takes, and which principals it
// names. Where SES is known to be lenient (any Version, any Sid, actions and
// resources of any kind, Effect in any case) so is this.
func judge(text string) (named []string, err error) {
	if text == "" {
		return nil, violated("policy", "Member must have length greater than or equal to 1")
	}
	if len(text) > maxPolicy {
		return nil, invalidPolicy("Policy exceeds the maximum size of 4096 bytes")
	}
	var policy struct{ Statement several[statement] }
	if err := json.Unmarshal([]byte(text), &policy); err != nil {
		return nil, invalidPolicy("Invalid policy: " + err.Error())
	}
	if len(policy.Statement) == 0 {
		return nil, invalidPolicy("Missing required field Statement")
	}
	for _, s := range policy.Statement {
		if problem := s.problem(); problem != "" {
			return nil, invalidPolicy(problem)
		}
		named = append(named, either(s.Principal, s.NotPrincipal)...)
	}
	return named, nil
}

// problem is why SES refuses a statement; empty if it does not.
func (s statement) problem() string {
	if !strings.EqualFold(s.Effect, "Allow") && !strings.EqualFold(s.Effect, "Deny") {
		return "Invalid effect: Effect must be Allow or Deny"
	}
	for _, element := range []struct {
		name   string
		values []string // nil if it is absent
	}{
		{"Principal", either(s.Principal, s.NotPrincipal)},
		{"Action", either(s.Action, s.NotAction)},
		{"Resource", either(s.Resource, s.NotResource)},
	} {
		switch {
		case element.values == nil:
			return "Missing required field " + element.name
		case slices.Contains(element.values, ""):
			return "Invalid policy: " + element.name
		}
	}
	for operator, keys := range s.Condition {
		for key, values := range keys {
			// SES has refused AWS:SourceAccount while it takes aws:SourceAccount.
			prefix, _, _ := strings.Cut(key, ":")
			if strings.EqualFold(prefix, "aws") && prefix != "aws" {
				return "Unknown or unapplicable condition field '" + key + "'."
			}
			if slices.ContainsFunc(values, func(v jsontext.Value) bool { return v.Kind() == '{' || v.Kind() == '[' }) {
				return "Invalid policy: Condition " + operator + " " + key
			}
		}
	}
	return ""
}

// either is an element or, if that is absent, the one with Not before its name.
func either[T ~[]string](is, not T) []string {
	if is == nil {
		return not
	}
	return is
}
