package message

import (
	"strings"

	"sespolicy/shared/document"
	"sespolicy/shared/finding"
)

// Source is where the parts of a request stand in the text as the requester
// wrote it. It keeps the parsed documents alive: drop it once the request is
// checked. A part that was not there is the zero Node.
type Source struct {
	Identity, PolicyName document.Node // both at PhysicalResourceId for a stack's Delete
	ResponseURL          document.Node
	TaskToken            document.Node // misspelt names included
	// Policy is the policy document; the zero Node if its text is not JSON.
	Policy document.Node
	// PolicyFindings is what reading the policy's text as JSON found.
	PolicyFindings []finding.Finding

	body         string
	strings      []document.Node // the string that the text at each depth stands in, from depth 1
	policyString document.Node   // the policy, if it was written as a string
}

// InBody returns f with its path, line and column in the message's body. Findings
// in a text that is a string inside another, an SNS notification's Message or a
// policy's text, count their lines within that string. The path goes on inside
// such a text.
func (s *Source) InBody(f finding.Finding) finding.Finding {
	f.Line, f.Column = max(f.Line, 1), max(f.Column, 1)
	for ; f.Depth > 0; f.Depth-- {
		if f.Depth <= len(s.strings) {
			at := s.strings[f.Depth-1]
			f.Line, f.Column = at.OuterPosition(f.Line, f.Column)
			if f.Depth < len(s.strings) || !s.policyString.Exists() { // a policy's paths start at the request
				f.Path = at.Pointer() + f.Path
			}
		}
	}
	return f
}

// TextAt returns the text that a finding with the given path counts its lines
// in, and whether that is the policy's own text, written as a string. It is for
// findings read back from a dead letter, which have lost their depth.
func (s *Source) TextAt(path string) (text string, isPolicy bool) {
	envelopes := s.strings
	if s.policyString.Exists() {
		pointer := s.policyString.Pointer()
		if path == pointer || strings.HasPrefix(path, pointer+"/") {
			return s.policyString.Text(), true
		}
		envelopes = envelopes[:len(envelopes)-1]
	}
	if len(envelopes) == 0 {
		return s.body, false
	}
	return envelopes[len(envelopes)-1].Text(), false
}
