package local

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"sespolicy/shared/finding"
)

// runtimeVariables are prefixes of the names that the SDK and Go's runtime read.
var runtimeVariables = []string{"AWS_", "GODEBUG", "GOGC", "GOMAXPROCS", "GOMEMLIMIT", "GOTRACEBACK", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "SSL_CERT_"}

// checkEnvironment refuses variables that nothing reads: a misspelt guardrail
// would have no effect.
func (s *Stack) checkEnvironment() error {
	known := slices.Sorted(maps.Keys(s.described.Environment))
	var wrong []error
	for _, name := range slices.Sorted(maps.Keys(s.config.Environment)) {
		read := slices.Contains(known, name) ||
			slices.ContainsFunc(runtimeVariables, func(start string) bool { return strings.HasPrefix(name, start) })
		if read {
			continue
		}
		hint := ""
		if near, ok := finding.Nearest(name, known); ok {
			hint = ", did you mean " + near + "?"
		}
		wrong = append(wrong, fmt.Errorf("the function does not read the variable %s%s; %s sets %s, and the variables of the SDK (AWS_...) and of Go are accepted too",
			name, hint, s.config.Template, strings.Join(known, ", ")))
	}
	return errors.Join(wrong...)
}
