package access

import (
	"fmt"
	"strings"
)

// Who is the grant's principal in plain words.
func (g Grant) Who() string {
	a, _ := splitARN(g.Principal)
	switch g.Kind {
	case Organization:
		return "everybody in " + list(g.Organizations(), "or")
	case Everybody:
		if len(g.Except) > 0 {
			return "everybody except " + list(g.Except, "and")
		}
		return "everybody"
	case Account:
		if a.account == "" {
			return "account " + g.Principal
		}
		return "account " + a.account
	case User:
		return fmt.Sprintf("user %s of account %s", lastElement(g.Principal), a.account)
	case Role:
		return fmt.Sprintf("role %s of account %s", a.roleName(), a.account)
	case Session:
		return fmt.Sprintf("session %s of role %s of account %s", a.sessionName(), a.roleName(), a.account)
	case FederatedUser:
		return fmt.Sprintf("federated user %s of account %s", lastElement(g.Principal), a.account)
	case Service:
		return "the service " + g.Principal
	case Federated:
		return "users of the identity provider " + g.Principal
	default:
		return g.Principal
	}
}

// Words is the condition in plain words, to follow "if".
func (c Condition) Words() string {
	if c.malformed != "" {
		return fmt.Sprintf("%s holds for %s and %s", c.Operator, c.Key, list(c.Values, "or"))
	}
	key := keyWords(c.Key)
	o := c.operator
	if o.base == "null" {
		return nullWords(key, c.Values)
	}
	verb := verbs[o.base]
	phrase := verb.is
	if o.negated {
		phrase = verb.isNot
	}
	values, noun := list(c.Values, "or"), strings.TrimPrefix(key, "the ")
	switch {
	case o.set == forAllValues:
		return fmt.Sprintf("each %s %s %s, or there is none", noun, phrase, values)
	case o.set == forAnyValue:
		return fmt.Sprintf("at least one %s %s %s", noun, phrase, values)
	case o.ifExists || o.negated:
		return fmt.Sprintf("%s %s %s, or there is none", key, phrase, values)
	default:
		return fmt.Sprintf("%s %s %s", key, phrase, values)
	}
}

func nullWords(key string, values []string) string {
	if len(values) == 1 && strings.EqualFold(values[0], "true") {
		return "there is no value for " + key
	}
	if len(values) == 1 && strings.EqualFold(values[0], "false") {
		return "there is a value for " + key
	}
	return "whether there is a value for " + key + " is " + list(values, "or")
}

// verbs are what the operators say.
var verbs = map[string]struct{ is, isNot string }{
	"stringequals":             {"is", "is not"},
	"stringequalsignorecase":   {"is, in any case,", "is not, in any case,"},
	"stringlike":               {"matches", "does not match"},
	"arnequals":                {"matches", "does not match"},
	"arnlike":                  {"matches", "does not match"},
	"bool":                     {"is", "is not"},
	"binaryequals":             {"is", "is not"},
	"ipaddress":                {"is in", "is not in"},
	"numericequals":            {"is", "is not"},
	"numericlessthan":          {"is less than", ""},
	"numericlessthanequals":    {"is at most", ""},
	"numericgreaterthan":       {"is more than", ""},
	"numericgreaterthanequals": {"is at least", ""},
	"dateequals":               {"is", "is not"},
	"datelessthan":             {"is before", ""},
	"datelessthanequals":       {"is at or before", ""},
	"dategreaterthan":          {"is after", ""},
	"dategreaterthanequals":    {"is at or after", ""},
}

// keyWords is what a condition key stands for; the key itself where this would
// say no more.
func keyWords(key string) string {
	if words, found := keys[strings.ToLower(key)]; found {
		return words
	}
	return key
}

// keys are the condition keys that sending authorization policies have most
// (https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsimpleemailservicev2.html#amazonsimpleemailservicev2-policy-keys).
var keys = map[string]string{
	"ses:fromaddress":           "the From address",
	"ses:fromdisplayname":       "the From display name",
	"ses:feedbackaddress":       "the Return-Path address",
	"ses:recipients":            "the recipient",
	"ses:tenantname":            "the tenant",
	"ses:multiregionendpointid": "the multi-Region endpoint",
	"ses:apiversion":            "the version of the SES API",
	"aws:currenttime":           "the time",
	"aws:epochtime":             "the time",
	"aws:sourceip":              "the source IP address",
	"aws:securetransport":       "use of TLS",
	"aws:sourceaccount":         "the account that the service acts for",
	"aws:sourcearn":             "the resource that the service acts for",
	"aws:sourceorgid":           "the organization that the service acts for",
	"aws:principalorgid":        "the principal's organization",
	"aws:principalorgpaths":     "the principal's place in the organization",
	"aws:principalarn":          "the principal's ARN",
	"aws:principalaccount":      "the principal's account",
	"aws:requestedregion":       "the Region called",
	"aws:useragent":             "the user agent",
}

// list is "a, b or c".
func list(values []string, last string) string {
	if len(values) < 2 {
		return strings.Join(values, "")
	}
	return strings.Join(values[:len(values)-1], ", ") + " " + last + " " + values[len(values)-1]
}
