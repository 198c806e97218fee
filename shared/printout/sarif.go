package printout

import (
	"io"
	"net/url"
	"path/filepath"
	"slices"

	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"

	"sespolicy/shared/finding"
)

// writeSARIF writes SARIF 2.1.0, with what code scanning reads.
//
// https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
// https://docs.github.com/en/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning
func writeSARIF(out io.Writer, files []File) error {
	run := sarif.NewRunWithInformationURI("sespolicy", policyPage).WithColumnKind("unicodeCodePoints")
	run.Tool.Driver.WithVersion(Version())
	var ids []string
	for _, file := range files {
		for _, f := range file.Findings {
			ids = append(ids, f.Rule)
		}
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	for _, id := range ids {
		h := helpOn(id)
		run.AddRule(id).WithHelpURI(h.page).WithShortDescription(sarif.NewMultiformatMessageString().WithText(h.text)).
			WithHelp(sarif.NewMultiformatMessageString().WithText(h.text + " See " + h.page))
	}
	for _, file := range files {
		for _, f := range file.Findings {
			index, _ := slices.BinarySearch(ids, f.Rule)
			run.AddResult(sarif.NewRuleResult(f.Rule).WithRuleIndex(index).WithLevel(level(f.Level)).
				WithMessage(sarif.NewTextMessage(message(f))).AddLocation(location(file.Name, f)))
		}
	}
	report := sarif.NewReport()
	report.AddRun(run)
	return WriteJSON(out, report)
}

func location(file string, f finding.Finding) *sarif.Location {
	// A relative path stays one: tools resolve it against the checkout.
	uri := url.URL{Path: filepath.ToSlash(file)}
	if filepath.IsAbs(file) {
		uri.Scheme = "file"
	}
	at := sarif.NewLocation().WithPhysicalLocation(sarif.NewPhysicalLocation().
		WithArtifactLocation(sarif.NewSimpleArtifactLocation(uri.String())).
		WithRegion(sarif.NewRegion().WithStartLine(max(f.Line, 1)).WithStartColumn(max(f.Column, 1))))
	if f.Path != "" {
		at.AddLogicalLocation(sarif.NewLogicalLocation().WithFullyQualifiedName(f.Path))
	}
	return at
}
