package known

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
)

// reference is one file of the service authorization reference, as far as it is
// compared
// (https://docs.aws.amazon.com/service-authorization/latest/reference/service-reference.html).
type reference struct {
	Name    string
	Actions []struct {
		Name                string
		ActionConditionKeys []string
		Resources           []struct {
			Name          string
			ConditionKeys []string
		}
	}
	ConditionKeys []struct{ Name string }
}

// Compare says how a newer source differs from the list, a line for each
// difference: "+ action X" and "+ key X" for what the list lacks, "- …" for what
// the source lacks, "~ …" for an action that has other condition keys, or acts
// on identities and is not marked so. No line means that they agree.
//
// The source is the JSON of the service authorization reference for ses. The
// global condition keys have no such file; one in the same form with nothing
// but ConditionKeys is compared as a list of keys.
func Compare(l *List, source []byte) ([]string, error) {
	var r reference
	if err := json.Unmarshal(source, &r); err != nil {
		return nil, fmt.Errorf("reading the source: %w", err)
	}
	switch {
	case len(r.Actions) == 0 && len(r.ConditionKeys) == 0:
		return nil, errors.New(`the source has neither Actions nor ConditionKeys, expected {"Name": "ses", "Actions": [{"Name": …}], "ConditionKeys": [{"Name": …}]}`)
	case len(r.Actions) > 0 && r.Name != Service:
		return nil, fmt.Errorf("the source is for the service %q, expected %q", r.Name, Service)
	}
	return append(compareActions(l, r), compareKeys(l, r)...), nil
}

func compareActions(l *List, r reference) []string {
	var lines []string
	seen := map[string]bool{}
	for _, a := range r.Actions {
		seen[a.Name] = true
		keys, onIdentity := a.ActionConditionKeys, false
		for _, resource := range a.Resources {
			keys = append(keys, resource.ConditionKeys...)
			onIdentity = onIdentity || resource.Name == "identity"
		}
		keys = normalized(keys)
		var own Action
		if i := slices.IndexFunc(l.Actions, func(k Action) bool { return k.Name == a.Name }); i >= 0 {
			own = l.Actions[i]
		}
		switch {
		case own.Name == "":
			lines = append(lines, fmt.Sprintf("+ action %s: %s", a.Name, strings.Join(keys, ", ")))
		case !slices.Equal(keys, normalized(own.Keys)):
			lines = append(lines, fmt.Sprintf("~ action %s: %s, here %s", a.Name, strings.Join(keys, ", "), strings.Join(own.Keys, ", ")))
		case onIdentity && !own.Identity:
			lines = append(lines, fmt.Sprintf("~ action %s: acts on identities", a.Name))
		}
	}
	if len(r.Actions) > 0 {
		for _, a := range l.Actions {
			if !seen[a.Name] {
				lines = append(lines, "- action "+a.Name)
			}
		}
	}
	return lines
}

// compareKeys compares the condition keys. A key is missing in the source only
// if the source is the one that lists keys of its kind: that of a service also
// has some of the global keys.
func compareKeys(l *List, r reference) []string {
	var names, lines []string
	for _, k := range r.ConditionKeys {
		names = append(names, k.Name)
	}
	names = normalized(names)
	for _, name := range names {
		if !slices.Contains(l.Keys, name) {
			lines = append(lines, "+ key "+name)
		}
	}
	prefix := cmp.Or(r.Name, "aws") + ":"
	for _, name := range l.Keys {
		if len(names) > 0 && strings.HasPrefix(name, prefix) && !slices.Contains(names, name) {
			lines = append(lines, "- key "+name)
		}
	}
	return lines
}

// normalized are condition keys as known.json has them: sorted, each once, and a
// tag's key ends with the slash.
func normalized(keys []string) []string {
	list := make([]string, 0, len(keys))
	for _, k := range keys {
		if slash := strings.IndexByte(k, '/'); slash >= 0 {
			k = k[:slash+1]
		}
		list = append(list, k)
	}
	slices.Sort(list)
	return slices.Compact(list)
}
