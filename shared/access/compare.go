package access

import (
	"encoding/base64"
	"math/big"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// comparison is how an operator compares a value of the request with one of the
// policy.
type comparison struct {
	variables bool // the policy's value may have variables
	wild      bool // its * and ? are wildcards
	compare   func(value string, policy pattern) verdict
}

// comparisons are the condition operators, without Not, in lower case. Null is
// none of them: it compares no value.
var comparisons = map[string]comparison{
	"stringequals":           {variables: true, compare: stringEquals},
	"stringequalsignorecase": {variables: true, compare: stringEqualsIgnoreCase},
	"stringlike":             {variables: true, wild: true, compare: stringLike},
	"arnequals":              {variables: true, wild: true, compare: arnLike},
	"arnlike":                {variables: true, wild: true, compare: arnLike},
	"bool":                   {variables: true, compare: boolEquals},
	"binaryequals":           {compare: binaryEquals},
	"ipaddress":              {compare: ipAddress},

	"numericequals":            {compare: numeric(func(c int) bool { return c == 0 })},
	"numericlessthan":          {compare: numeric(func(c int) bool { return c < 0 })},
	"numericlessthanequals":    {compare: numeric(func(c int) bool { return c <= 0 })},
	"numericgreaterthan":       {compare: numeric(func(c int) bool { return c > 0 })},
	"numericgreaterthanequals": {compare: numeric(func(c int) bool { return c >= 0 })},

	"dateequals":            {compare: date(func(c int) bool { return c == 0 })},
	"datelessthan":          {compare: date(func(c int) bool { return c < 0 })},
	"datelessthanequals":    {compare: date(func(c int) bool { return c <= 0 })},
	"dategreaterthan":       {compare: date(func(c int) bool { return c > 0 })},
	"dategreaterthanequals": {compare: date(func(c int) bool { return c >= 0 })},
}

func stringEquals(value string, policy pattern) verdict { return given(policy.text() == value) }

func stringEqualsIgnoreCase(value string, policy pattern) verdict {
	return given(strings.EqualFold(policy.text(), value))
}

func stringLike(value string, policy pattern) verdict { return given(policy.match(value)) }

func arnLike(value string, policy pattern) verdict { return policy.matchARN(value) }

func boolEquals(value string, policy pattern) verdict {
	a, okA := readBool(value)
	b, okB := readBool(policy.text())
	if !okA || !okB {
		return unreadable("a boolean")
	}
	return given(a == b)
}

func readBool(text string) (value, ok bool) {
	switch strings.ToLower(text) {
	case "true":
		return true, true
	case "false":
		return false, true
	default:
		return false, false
	}
}

// binaryEquals compares what two base64 texts stand for.
func binaryEquals(value string, policy pattern) verdict {
	a, errA := base64.StdEncoding.DecodeString(value)
	b, errB := base64.StdEncoding.DecodeString(policy.text())
	if errA != nil || errB != nil {
		return unreadable("base64")
	}
	return given(string(a) == string(b))
}

// ipAddress compares with an address or a CIDR range. Without a prefix length,
// the range is the one address.
func ipAddress(value string, policy pattern) verdict {
	address, err := netip.ParseAddr(value)
	text := policy.text()
	allowed, errRange := netip.ParsePrefix(text)
	if single, errSingle := netip.ParseAddr(text); errRange != nil && errSingle == nil && single.Zone() == "" {
		allowed, errRange = netip.PrefixFrom(single, single.BitLen()), nil
	}
	if err != nil || errRange != nil {
		return unreadable("an IP address or range")
	}
	return given(allowed.Contains(address))
}

func numeric(holds func(int) bool) func(string, pattern) verdict {
	return func(value string, policy pattern) verdict {
		a, okA := readNumber(value)
		b, okB := readNumber(policy.text())
		if !okA || !okB {
			return unreadable("a number")
		}
		return given(holds(a.Cmp(b)))
	}
}

// readNumber reads an integer or a decimal.
func readNumber(text string) (*big.Rat, bool) {
	digits := strings.TrimPrefix(strings.TrimPrefix(text, "-"), "+")
	if digits == "" || strings.Trim(digits, "0123456789.") != "" {
		return nil, false
	}
	return new(big.Rat).SetString(text)
}

func date(holds func(int) bool) func(string, pattern) verdict {
	return func(value string, policy pattern) verdict {
		a, okA := readTime(value)
		b, okB := readTime(policy.text())
		if !okA || !okB {
			return unreadable("a date")
		}
		return given(holds(a.Compare(b)))
	}
}

// layouts are the W3C's date formats (https://www.w3.org/TR/NOTE-datetime), as
// IAM takes them, fractions of a second included. A year alone is left out: it
// could also be seconds.
var layouts = []string{"2006-01-02T15:04:05Z07:00", "2006-01-02T15:04Z07:00", "2006-01-02", "2006-01"}

// minEpochDigits tells seconds since 1970 from a year.
const minEpochDigits = 5

// readTime reads a date, or seconds since 1970.
func readTime(text string) (time.Time, bool) {
	if len(text) >= minEpochDigits && strings.Trim(text, "0123456789") == "" {
		seconds, err := strconv.ParseInt(text, 10, 64)
		return time.Unix(seconds, 0), err == nil
	}
	for _, layout := range layouts {
		if t, err := time.Parse(layout, text); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

func unreadable(what string) verdict { return inDoubt("a value that is not " + what) }
