package main

import (
	"fmt"
	"regexp"
	"strings"
)

// The places of template.yaml that a release changes.
var (
	buildMetadata = regexp.MustCompile(`(?m)^    Metadata:\n(?:      #.*\n)*      BuildMethod: makefile\n`)
	codeURI       = regexp.MustCompile(`(?m)^(      CodeUri: ).*$`)
	architecture  = regexp.MustCompile(`(?m)^(      Architectures: ).*$`)
)

// packagedTemplate returns the template with a built function: its CodeUri is
// the zip file beside it, and sam has nothing to build.
func packagedTemplate(template, zipped, lambdaArchitecture string) (string, error) {
	for _, change := range []struct {
		place *regexp.Regexp
		with  string
	}{
		{buildMetadata, ""},
		{codeURI, "${1}" + strings.ReplaceAll(zipped, "$", "$$")},
		{architecture, "${1}[" + lambdaArchitecture + "]"},
	} {
		if n := len(change.place.FindAllString(template, -1)); n != 1 {
			return "", fmt.Errorf("template.yaml: got %d places that match %s, want 1", n, change.place)
		}
		template = change.place.ReplaceAllString(template, change.with)
	}
	return template, nil
}
