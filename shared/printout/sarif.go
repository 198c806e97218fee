package printout

import (
	"io"
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	"sespolicy/shared/finding"
)

// The parts of SARIF 2.1.0 that code scanning reads
// (https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html and
// https://docs.github.com/en/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning).
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool       sarifTool     `json:"tool"`
		ColumnKind string        `json:"columnKind"`
		Results    []sarifResult `json:"results"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name           string      `json:"name"`
		InformationURI string      `json:"informationUri"`
		Rules          []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID               string    `json:"id"`
		ShortDescription sarifText `json:"shortDescription"`
		HelpURI          string    `json:"helpUri"`
		Help             sarifText `json:"help"`
	}
	sarifText struct {
		Text string `json:"text"`
	}
	sarifResult struct {
		RuleID    string          `json:"ruleId"`
		RuleIndex int             `json:"ruleIndex"`
		Level     string          `json:"level"`
		Message   sarifText       `json:"message"`
		Locations []sarifLocation `json:"locations"`
	}
	sarifLocation struct {
		Physical sarifPhysical  `json:"physicalLocation"`
		Logical  []sarifLogical `json:"logicalLocations,omitempty"`
	}
	sarifPhysical struct {
		Artifact sarifArtifact `json:"artifactLocation"`
		Region   sarifRegion   `json:"region"`
	}
	sarifArtifact struct {
		URI string `json:"uri"`
	}
	sarifRegion struct {
		StartLine   int `json:"startLine"`
		StartColumn int `json:"startColumn"`
	}
	sarifLogical struct {
		FullyQualifiedName string `json:"fullyQualifiedName"`
	}
)

// helpURI is the page that most rules come from.
const helpURI = "https://docs.aws.amazon.com/ses/latest/dg/policy-anatomy.html"

func writeSARIF(out io.Writer, files []File) error {
	var ids []string
	for _, file := range files {
		for _, f := range file.Findings {
			ids = append(ids, f.Rule)
		}
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	rules := []sarifRule{}
	for _, id := range ids {
		rules = append(rules, sarifRule{
			ID:               id,
			ShortDescription: sarifText{strings.ReplaceAll(id, "-", " ")},
			HelpURI:          helpURI,
			Help:             sarifText{"The message says what was found and what was expected. The policy language: " + helpURI},
		})
	}
	results := []sarifResult{}
	for _, file := range files {
		for _, f := range file.Findings {
			i, _ := slices.BinarySearch(ids, f.Rule)
			results = append(results, sarifResult{
				RuleID: f.Rule, RuleIndex: i, Level: sarifLevel(f.Level),
				Message: sarifText{message(f)}, Locations: []sarifLocation{location(file.Name, f)},
			})
		}
	}
	return encode(out, sarifLog{
		Schema:  "https://json.schemastore.org/sarif-2.1.0.json",
		Version: "2.1.0",
		Runs: []sarifRun{{
			Tool:       sarifTool{sarifDriver{Name: "sespolicy", InformationURI: helpURI, Rules: rules}},
			ColumnKind: "unicodeCodePoints",
			Results:    results,
		}},
	})
}

func sarifLevel(l finding.Level) string {
	if l == finding.Warning {
		return "warning"
	}
	return "error"
}

func message(f finding.Finding) string {
	if f.Suggestion == "" {
		return f.Message
	}
	return f.Message + " (write: " + f.Suggestion + ")"
}

func location(file string, f finding.Finding) sarifLocation {
	// A relative path stays one: tools resolve it against the checkout.
	uri := url.URL{Path: filepath.ToSlash(file)}
	if filepath.IsAbs(file) {
		uri.Scheme = "file"
	}
	l := sarifLocation{Physical: sarifPhysical{
		Artifact: sarifArtifact{uri.String()},
		Region:   sarifRegion{max(f.Line, 1), max(f.Column, 1)},
	}}
	if f.Path != "" {
		l.Logical = []sarifLogical{{f.Path}}
	}
	return l
}
