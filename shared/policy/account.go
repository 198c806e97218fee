package policy

import (
	"fmt"
	"regexp"
	"strings"
	"sync"
	"unicode"

	"sespolicy/shared/finding"
	"sespolicy/shared/identity"
)

// accountFault says why a text is no account id, and what was meant.
type accountFault struct {
	message string
	meant   string // the account id that was evidently meant, "" if that is not certain
}

// accountOf returns what is wrong with a text that stands where an account id
// belongs. ok is true if it may be one. An account id is 12 digits
// (https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-identifiers.html).
func accountOf(text string) (fault accountFault, ok bool) {
	if identity.IsAccount(text) || text == documentedAccount {
		return accountFault{}, true
	}
	if len(text) > maxAccount {
		return accountFault{message: finding.Quote(text) + " is no account id, expected 12 digits"}, false
	}
	quoted := finding.Quote(text)
	if meant := digitsOf(text); identity.IsAccount(meant) {
		return accountFault{quoted + " is no account id, " + meant + " may be meant", meant}, false
	}
	switch {
	case text == "":
		return accountFault{message: "the account id is missing, expected 12 digits"}, false
	case allDigits(text) && len(text) >= 9 && len(text) < 12:
		return accountFault{message: fmt.Sprintf("%s has %d digits, an account id has 12: without its leading zeros it may be %012s", quoted, len(text), text)}, false
	case allDigits(text):
		return accountFault{message: fmt.Sprintf("%s has %d digits, an account id has 12", quoted, len(text))}, false
	case rounded().MatchString(text):
		return accountFault{message: quoted + " looks like an account id that a program took for a number and rounded, expected 12 digits"}, false
	default:
		return accountFault{message: quoted + " is no account id, expected 12 digits"}, false
	}
}

// maxAccount is the maximum length of a text that may be an account id with
// something around it, in bytes.
const maxAccount = 64

// rounded is a number in scientific notation.
var rounded = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[0-9](\.[0-9]+)?[eE]\+?[0-9]+$`)
})

// digitsOf removes what people and programs add to an account id: spaces, the
// hyphens of the console, quotation marks, the fraction of a number, and letters
// that look like digits.
func digitsOf(text string) string {
	text = strings.TrimSuffix(strings.TrimSpace(text), ".0")
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r) || strings.ContainsRune("-\u2010\u2011\u2013_.,'\"`\u200b\ufeff", r):
			return -1
		case r == 'O' || r == 'o':
			return '0'
		case r == 'l' || r == 'I':
			return '1'
		case r >= '０' && r <= '９': // full-width digits
			return r - '０' + '0'
		default:
			return r
		}
	}, text)
}

func allDigits(text string) bool { return identity.Only(text, identity.Digits) }
