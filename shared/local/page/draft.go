package page

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"

	"sespolicy/shared/check"
	"sespolicy/shared/document"
	"sespolicy/shared/finding"
	"sespolicy/shared/guardrail"
	"sespolicy/shared/local"
	"sespolicy/shared/message"
	"sespolicy/shared/outcome"
)

// draft is what stands in the box, checked.
type draft struct {
	Kind             string // policy or request; empty if it cannot be told
	Segments         []segment
	Findings         []place
	Errors, Warnings int
}

// place is a finding and where it stands in the box.
type place struct {
	finding.Finding
	Class      string // error or warning
	Field      bool   // it is about a field beside the box
	Start, End int    // in UTF-16 code units
}

// wrap makes a request of a policy that stands alone. prefix is what comes
// before it, empty for what is a request already.
func wrap(text, identity, policyName string) (body, prefix string) {
	doc, _ := document.Read([]byte(text))
	if doc == nil {
		return text, ""
	}
	if shape, _ := message.Recognize(doc.Root()); shape != message.IsPolicy {
		return text, ""
	}
	names, _ := json.Marshal(struct{ Identity, PolicyName string }{identity, policyName}) // strings can be written
	prefix = strings.TrimSuffix(string(names), "}") + `,"Policy":`
	return prefix + text + "}", prefix
}

// examine checks what stands in the box as the function will.
func (p *page) examine(text, identity, policyName string) (draft, error) {
	var d draft
	if strings.TrimSpace(text) == "" {
		return d, nil
	}
	body, prefix := wrap(text, identity, policyName)
	if prefix != "" {
		d.Kind = "policy"
	} else if doc, _ := document.Read([]byte(text)); doc != nil {
		d.Kind = "request"
	}
	found, err := p.findings(body)
	if err != nil {
		return d, err
	}
	var inText []finding.Finding
	for _, f := range found {
		at := place{Class: level(f)}
		if d.Kind == "policy" {
			f, at.Field = unwrap(f, prefix)
		}
		if !at.Field {
			inText = append(inText, f)
			start, end := where(text, f)
			at.Start, at.End = units(text[:start]), units(text[:end])
		}
		at.Finding = f
		d.Findings = append(d.Findings, at)
		if f.Level == finding.Warning {
			d.Warnings++
		} else {
			d.Errors++
		}
	}
	d.Segments = mark(text, inText)
	return d, nil
}

// unwrap takes the request around a policy away from a finding's place, unless
// it is about a field of that request.
func unwrap(f finding.Finding, prefix string) (_ finding.Finding, isField bool) {
	if f.Line == 1 {
		f.Column -= utf8.RuneCountInString(prefix)
	}
	path, inside := strings.CutPrefix(f.Path, "/Policy")
	if !inside || path != "" && path[0] != '/' {
		return f, true
	}
	f.Path = path
	return f, false
}

// findings are all findings of a body, with their places in it.
func (p *page) findings(body string) ([]finding.Finding, error) {
	config, wrong := guardrail.Read(p.stack.Variable)
	fence, err := guardrail.New(config)
	if err = errors.Join(wrong, err); err != nil {
		return nil, err
	}
	answers := check.Answers{Region: local.Region, StepFunctions: p.stack.Variable("ANSWER_STEP_FUNCTIONS") == "true"}
	if strings.Contains(body, p.stack.URL) { // any other ResponseURL is replaced on the way
		answers.S3Endpoint = p.stack.Variable("AWS_ENDPOINT_URL_S3")
	}
	m, source, refused := message.Open(events.SQSMessage{Body: body, EventSourceARN: p.stack.Source().ARN()})
	verdict := check.Request(m, source, check.Rules{Guardrail: fence, Answers: answers}, nil)
	found := slices.Clone(verdict.Warnings)
	if refused = outcome.Join(refused, verdict.Refused); refused != nil {
		found = append(found, refused.Violations...)
	}
	for i, f := range found {
		found[i] = source.InBody(f)
	}
	finding.Sort(found)
	return found, nil
}

// check answers with what is wrong with the box as it stands.
func (p *page) check(w http.ResponseWriter, r *http.Request) {
	d, err := p.examine(r.FormValue("text"), r.FormValue("identity"), r.FormValue("name"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	p.render(w, "draft", d)
}

// send sends what stands in the box, also if the function will refuse it.
func (p *page) send(w http.ResponseWriter, r *http.Request) {
	body, _ := wrap(r.FormValue("text"), r.FormValue("identity"), r.FormValue("name"))
	id, err := p.stack.Send(r.Context(), events.SQSMessage{Body: body})
	if err != nil {
		p.answer(w, notice{Failed: true, Text: "It was not sent: " + err.Error()})
		return
	}
	p.answer(w, notice{Text: "Sent as message " + id + "."})
}
