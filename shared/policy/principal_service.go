package policy

import (
	"strings"

	"sespolicy/shared/finding"
	"sespolicy/shared/identity"
)

// serviceDomains end the names of service principals, in all partitions.
var serviceDomains = []string{
	".amazonaws.com", ".amazonaws.com.cn", ".amazonaws.eu", ".amazon.com", ".aws.internal", ".aws",
	".c2s.ic.gov", ".sc2s.sgov.gov", ".csp.hci.ic.gov", ".cloud.adc-e.uk",
}

// serviceDoubt says why the name of a service principal can be none. Which
// services there are is not asked.
func serviceDoubt(text string) doubt {
	lower := strings.ToLower(text)
	switch trimmed := trimService(lower); {
	case hasBrackets(text) || strings.Contains(text, "${"):
		return placeholder(text)
	case inServiceDomain(lower):
		return doubt{}
	case strings.ContainsAny(text, "*?"):
		return unknown(finding.Quote(text) + " is a pattern, expected the whole name of one service, like cognito-idp.amazonaws.com")
	case inServiceDomain(trimmed):
		return doubt{RuleUnknownPrincipal, finding.Quote(text) + " is no name of a service, " + trimmed + " may be meant", trimmed}
	case identity.IsARN(text) || allDigits(text):
		return unknown(finding.Quote(text) + ` is no service, expected accounts, users and roles under "AWS"`)
	case !strings.Contains(lower, "."):
		if isLabel(lower) && !hasWord(text) {
			return unknown(finding.Quote(text) + " looks like no service, " + lower + ".amazonaws.com may be meant")
		}
		return unknown(finding.Quote(text) + " looks like no service, expected a name like cognito-idp.amazonaws.com")
	default:
		return misspeltDomain(finding.Quote(text), trimmed)
	}
}

// trimService removes what surrounds a name that was copied from an address.
func trimService(text string) string {
	text = strings.TrimSpace(text)
	_, after, found := strings.Cut(text, "://")
	if found {
		text = after
	}
	return strings.TrimRight(text, "/. ")
}

// inServiceDomain reports whether a name in lower case is that of a service: it
// ends as they do, with labels of letters, digits and hyphens before that.
func inServiceDomain(name string) bool {
	for _, domain := range serviceDomains {
		if before, found := strings.CutSuffix(name, domain); found && areLabels(before) {
			return true
		}
	}
	// A partition that is not known here may have a domain of its own, as
	// amazonaws.eu was new once.
	before, after, found := strings.Cut(name, ".amazonaws.")
	return found && areLabels(before) && len(after) == 2 && isLabel(after) && after != "cn" && !nearCom(after)
}

func areLabels(name string) bool {
	for label := range strings.SplitSeq(name, ".") {
		if !isLabel(label) {
			return false
		}
	}
	return true
}

func isLabel(text string) bool {
	return identity.Only(text, identity.LowerCase+identity.Digits+"-_")
}

// misspeltDomain is the doubt about a name that ends in no domain of services.
func misspeltDomain(quoted, name string) doubt {
	meant := ""
	labels := strings.Split(name, ".")
	for i := 1; i < len(labels) && meant == ""; i++ {
		before, rest := strings.Join(labels[:i], "."), strings.Join(labels[i+1:], ".")
		_, near := finding.Nearest(labels[i], []string{"amazonaws"})
		switch {
		case !areLabels(before):
		case near && rest == "cn", near && strings.HasPrefix(rest, "com.c") && len(rest) == len("com.cn"):
			meant = before + ".amazonaws.com.cn"
		case near && (rest == "" || nearCom(rest)), labels[i] == "amazon" && rest == "aws.com", labels[i] == "aws" && rest == "com":
			meant = before + ".amazonaws.com"
		}
	}
	if before, found := strings.CutSuffix(name, "amazonaws.com"); found && meant == "" {
		if before = strings.TrimRight(before, "-_"); areLabels(before) { // the dot is missing
			meant = before + ".amazonaws.com"
		}
	}
	if meant == "" {
		return unknown(quoted + " looks like no service, expected a name like cognito-idp.amazonaws.com")
	}
	return doubt{RuleUnknownPrincipal, quoted + " looks like no service, " + meant + " may be meant", meant}
}

// nearCom reports whether text is "com" or a slip of it: a letter too few, too
// many, wrong, or two swapped.
func nearCom(text string) bool {
	switch text {
	case "com", "co", "cm", "om", "ocm", "cmo":
		return true
	}
	wrong, doubled := 0, len(text) == 4 && strings.Trim(text, "com") == ""
	for i := range min(len(text), 3) {
		if text[i] != "com"[i] {
			wrong++
		}
	}
	return doubled || len(text) == 3 && wrong == 1
}
