package policy

import (
	"net/netip"
	"strconv"
	"strings"
	"time"

	"sespolicy/shared/document"
	"sespolicy/shared/finding"
)

// values checks what a condition key is compared with.
func (c *checker) values(o Operator, n document.Node) {
	if n.IsArray() && n.Len() == 0 {
		c.warning(n.Fault(RuleEmptyElement, "the condition has an empty list of values, so no request meets it"))
	}
	for v := range Values(n) {
		if !v.IsString() && !isScalar(v) {
			c.wrongType(v, "the condition's value", "a string, a number or a boolean, or a list of them")
			continue
		}
		if expected := unfit(o.Name, v.Text()); expected != "" && !c.noWarnings() {
			rule := RuleConditionValue
			if strings.HasPrefix(o.Name, "Date") {
				rule = RuleUnparsableDate
			}
			c.warning(v.Fault(rule, o.Name+" cannot compare "+finding.Quote(v.Text())+", expected "+expected))
		}
	}
}

// unfit returns what an operator expects if it cannot compare the value, ""
// if it can. A policy variable can have any value.
func unfit(operator, value string) (expected string) {
	switch {
	case strings.Contains(value, "${"):
	case operator == "Bool" || operator == "Null":
		if !strings.EqualFold(value, "true") && !strings.EqualFold(value, "false") {
			return "true or false"
		}
	case strings.HasPrefix(operator, "Numeric"):
		// ParseFloat also accepts NaN, Inf, 0x10 and 1_000.
		if _, err := strconv.ParseFloat(value, 64); err != nil || strings.ContainsFunc(value, notDecimal) {
			return "a number"
		}
	case strings.HasPrefix(operator, "Date"):
		if !isDate(value) {
			return "a date like 2026-01-31T12:00:00Z"
		}
	case strings.HasSuffix(operator, "IpAddress"):
		_, errAddress := netip.ParseAddr(value)
		if _, err := netip.ParsePrefix(value); err != nil && errAddress != nil {
			return "an address or range like 203.0.113.0/24"
		}
	}
	return ""
}

func notDecimal(r rune) bool { return !strings.ContainsRune("+-.0123456789eE", r) }

// dateLayouts are the forms of ISO 8601 that IAM names (the W3C profile,
// https://www.w3.org/TR/NOTE-datetime). Seconds and zone are optional: an example
// of AWS has no seconds.
var dateLayouts = []string{
	"2006-01-02T15:04Z07:00", "2006-01-02T15:04:05Z07:00", "2006-01-02T15:04:05Z0700",
	"2006-01-02", "2006-01", "2006", "2006-01-02T15:04", "2006-01-02T15:04:05",
}

// isDate accepts a date, or seconds since 1970.
func isDate(value string) bool {
	if _, err := strconv.ParseInt(value, 10, 64); err == nil {
		return true
	}
	for _, layout := range dateLayouts {
		if _, err := time.Parse(layout, value); err == nil {
			return true
		}
	}
	return false
}
