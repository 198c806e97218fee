// Package known is what AWS documents about SES sending authorization: the
// actions of SES, the condition keys of each, and the condition keys of every
// service that a policy of an identity may use.
//
// The data is in known.json, with its date and sources. It is for warnings,
// suggestions and messages only. AWS adds to these lists at any time, so
// nothing is refused because it is not in them, and a message that says so
// names [List.Date].
//
// The command in compare says what a newer copy of the service authorization
// reference has that known.json has not
// (https://docs.aws.amazon.com/service-authorization/latest/reference/service-reference.html).
package known

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/go-json-experiment/json"

	"sespolicy/shared/identity"
)

// Service is the namespace of SES actions, of both versions of the API and of
// Mail Manager.
const Service = "ses"

// List is the content of known.json. It must not be changed.
type List struct {
	Date    string   `json:"date"`    // when the sources said this, YYYY-MM-DD
	Sources []string `json:"sources"` // the pages of the documentation
	Keys    []string `json:"keys"`    // condition keys; one that ends in / is followed by the key of a tag
	Actions []Action `json:"actions"` // sorted by name

	keys    map[string]string // by the name in lower case
	actions map[string]int    // by the name in lower case
}

// Action is one action of SES.
type Action struct {
	Name     string   `json:"name"`              // without the namespace
	Identity bool     `json:"identity,omitzero"` // it acts on an identity, so its policy can allow or deny it
	Keys     []string `json:"keys"`              // the condition keys that its requests are documented to have, global ones aside

	lower string // with the namespace, in lower case
}

//go:embed known.json
var data []byte

// Get returns the list. It is parsed on first use.
var Get = sync.OnceValue(func() *List {
	l := &List{}
	if err := json.Unmarshal(data, l); err != nil {
		panic(fmt.Sprintf("known.json: %v", err)) // part of the binary: the tests read it
	}
	l.keys = make(map[string]string, len(l.Keys))
	for _, k := range slices.Backward(l.Keys) { // of two spellings the first one is for others
		l.keys[strings.ToLower(k)] = k
	}
	l.actions = make(map[string]int, len(l.Actions))
	for i, a := range l.Actions {
		lower := strings.ToLower(a.Name)
		l.actions[lower] = i
		l.Actions[i].lower = Service + ":" + lower
	}
	return l
})

// Action returns the action of a name without namespace, in any case.
func (l *List) Action(name string) (Action, bool) {
	i, ok := l.actions[strings.ToLower(name)]
	if !ok {
		return Action{}, false
	}
	return l.Actions[i], true
}

// Matches reports whether a pattern over actions, in lower case, matches the
// action: case does not count in actions.
func (a Action) Matches(lowerPattern string) bool { return identity.Match(lowerPattern, a.lower) }

// Key returns a condition key as its documentation writes it, "" if the list
// does not have it in any case. What follows the slash in a tag's key is the
// user's and stays as written.
func (l *List) Key(key string) string {
	prefix, tag, isTag := strings.Cut(key, "/")
	if isTag {
		prefix += "/"
	}
	if !isTag && slices.Contains(l.Keys, key) { // some keys are documented in two spellings
		return key
	}
	known, ok := l.keys[strings.ToLower(prefix)]
	if !ok || isTag && tag == "" {
		return ""
	}
	return known + tag
}

// HasKey reports whether the requests of the action are documented to have a
// condition key, written in any case.
func (a Action) HasKey(key string) bool {
	return slices.ContainsFunc(a.Keys, func(k string) bool { return strings.EqualFold(k, key) })
}

// PerAction reports whether the list says for each action whether its requests
// have the condition key: it does for the keys of SES, not for the global ones.
func (l *List) PerAction(key string) bool {
	namespace, _, _ := strings.Cut(key, ":")
	return strings.EqualFold(namespace, Service) && l.Key(key) != ""
}
