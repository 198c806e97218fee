package page

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"

	"sespolicy/shared/check"
	"sespolicy/shared/document"
	"sespolicy/shared/examine"
	"sespolicy/shared/finding"
	"sespolicy/shared/guardrail"
	"sespolicy/shared/local"
	"sespolicy/shared/message"
	"sespolicy/shared/printout"
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

// read checks what stands in the box as the function will.
func (p *page) read(text, identity, policyName string) (draft, error) {
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
	examiner, err := p.examiner(body)
	if err != nil {
		return d, err
	}
	file := examiner.Body("", []byte(body))
	d.Errors, d.Warnings = printout.Count([]printout.File{file})
	var inText []finding.Finding
	for _, f := range file.Findings {
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

// examiner checks a body as this stack's function will.
func (p *page) examiner(body string) (*examine.Examiner, error) {
	config, wrong := guardrail.Read(p.stack.Variable)
	fence, err := guardrail.New(config)
	answers := &check.Answers{Region: local.Region, StepFunctions: p.stack.Variable("ANSWER_STEP_FUNCTIONS") == "true"}
	if strings.Contains(body, p.stack.URL) { // any other ResponseURL is replaced on the way
		answers.S3Endpoint = p.stack.Variable("AWS_ENDPOINT_URL_S3")
	}
	return &examine.Examiner{Guardrail: fence, QueueARN: p.stack.Source().ARN(), Answers: answers}, errors.Join(wrong, err)
}

// check answers with what is wrong with the box as it stands.
func (p *page) check(w http.ResponseWriter, r *http.Request) {
	d, err := p.read(r.FormValue("text"), r.FormValue("identity"), r.FormValue("name"))
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
