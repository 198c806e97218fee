package known

import (
	"slices"
	"strings"
	"unicode"

	"sespolicy/shared/finding"
)

// NearestKey returns the listed condition key that an unlisted one is evidently
// a misspelling of. It is strict, because a suggestion that names another key
// changes what the policy means: the names must consist of the same words, each
// with at most a letter in four wrong. So aws:ViaAWSAgentService, which AWS
// might add, does not get the suggestion aws:ViaAWSService.
func (l *List) NearestKey(key string) (string, bool) {
	namespace, name, _ := strings.Cut(key, ":")
	nearest := ""
	for _, known := range l.Keys {
		space, k, _ := strings.Cut(known, ":")
		if !sameNamespace(namespace, space) || strings.HasSuffix(known, "/") {
			continue
		}
		if strings.EqualFold(namespace, space) && misspelt(name, k) || strings.EqualFold(name, k) {
			if nearest != "" {
				return "", false
			}
			nearest = known
		}
	}
	return nearest, nearest != ""
}

// sameNamespace reports whether one namespace can be meant by the other: a key
// of SES may be written as a global one and the other way round.
func sameNamespace(written, known string) bool {
	if known == "aws" || known == Service {
		return strings.EqualFold(written, "aws") || strings.EqualFold(written, Service)
	}
	return strings.EqualFold(written, known)
}

// NearestAction is [List.NearestKey] for an action on identities, both without
// the namespace. An action in another case is the same action.
func (l *List) NearestAction(name string) (string, bool) {
	if a, ok := l.Action(name); ok {
		return a.Name, true
	}
	nearest := ""
	for _, a := range l.Actions {
		if a.Identity && misspelt(name, a.Name) {
			if nearest != "" {
				return "", false
			}
			nearest = a.Name
		}
	}
	return nearest, nearest != ""
}

// misspelt reports whether name consists of the words of known, each with at
// most one edit for four letters of it. In words of up to four letters only
// neighbors may be swapped: Vpc, Vpce and Vpcs are three things.
func misspelt(name, known string) bool {
	const longest = 64 // no documented name is half as long
	if len(name) > longest {
		return false
	}
	a, b := words(name), words(known)
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if _, near := finding.Nearest(a[i], b[i:i+1]); !near || len(b[i]) < 5 && !sameLetters(a[i], b[i]) {
			return false
		}
	}
	return true
}

func sameLetters(a, b string) bool {
	letters := func(s string) string {
		sorted := []byte(strings.ToLower(s))
		slices.Sort(sorted)
		return string(sorted)
	}
	return letters(a) == letters(b)
}

// words splits a name at the boundaries of its words: FromIPv4 is From, IPv, 4
// and AWSService is AWS, Service.
func words(name string) []string {
	var list []string
	start := 0
	runes := []rune(name)
	for i := 1; i <= len(runes); i++ {
		if i == len(runes) || boundary(runes, i) {
			list = append(list, string(runes[start:i]))
			start = i
		}
	}
	return list
}

// boundary reports whether a word starts at index i.
func boundary(runes []rune, i int) bool {
	before, at := runes[i-1], runes[i]
	switch {
	case unicode.IsDigit(before) != unicode.IsDigit(at):
		return true
	case unicode.IsLower(before) && unicode.IsUpper(at):
		return true
	case unicode.IsUpper(before) && unicode.IsUpper(at): // the last capital of a run starts a word of three letters or more
		return i+2 < len(runes) && unicode.IsLower(runes[i+1]) && unicode.IsLower(runes[i+2])
	default:
		return false
	}
}
