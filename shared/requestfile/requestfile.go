// Package requestfile reads what people keep of sending authorization policies
// in files, and finds the requests and policies in it:
//
//   - a request or a policy, in JSON or YAML; one a line in .ndjson and .jsonl
//   - an SQS event, whose messages are the requests
//   - the output of aws ses get-identity-policies and of aws sesv2
//     get-email-identity-policies
//   - a CloudFormation or SAM template, in JSON or YAML: each
//     Custom::SESIdentityPolicy
//   - the output of terraform show -json: each aws_ses_identity_policy and
//     aws_sesv2_email_identity_policy
//
// Each of them becomes an [Entry], which opens as a message of the queue does and
// knows where in the file each of its values stands. A text of another kind is
// one entry: package message says what it is.
//
// It judges no request and no policy (package check), and it sends nothing.
//
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference.html
// https://developer.hashicorp.com/terraform/internals/json-format
package requestfile

import (
	"bytes"
	"path/filepath"
	"slices"
	"strings"

	"github.com/aws/aws-lambda-go/events"

	"sespolicy/shared/document"
	"sespolicy/shared/finding"
	"sespolicy/shared/identity"
	"sespolicy/shared/message"
)

// File is what was read of one file.
type File struct {
	Entries []Entry
	// Findings are why the text could not be read, at their places in the file;
	// nil if it could.
	Findings []finding.Finding
	// Warnings are of values that other readers of the format read otherwise.
	Warnings []finding.Finding
}

// Entry is one request or policy of a file.
type Entry struct {
	// Body is the request as it would be on the queue; of a Bare entry, the
	// policy's text.
	Body string
	// Bare says that the entry is a policy without a request around it.
	Bare bool
	// PolicyName is the name that the file gives to a bare policy, if it does.
	PolicyName string
	// Attributes are the message's, and QueueARN the queue's, if the file is an
	// SQS event.
	Attributes map[string]events.SQSMessageAttribute
	QueueARN   string
	// Line is the line the entry starts on, from 1.
	Line int
	// Pointer is the JSON Pointer of the entry in its document; empty for the
	// whole of it.
	Pointer string
	// Unknown are the pointers of the values that are known only after a
	// deployment. An entry with any cannot be sent.
	Unknown []string

	at placement
	// opened is the text to open if it is not Body: a resource of a template is
	// checked in the request that CloudFormation makes of it.
	opened string
	// unknown are the places of unknown values in the opened text: the offset of
	// what stands there instead, by pointer. request is the pointer of the object
	// that has the request's members.
	unknown map[string]int
	request string
}

// lineEndings are the endings of files with one request a line, yamlEndings those
// of YAML.
var (
	lineEndings = []string{".ndjson", ".jsonl"}
	yamlEndings = []string{".yaml", ".yml"}
)

// Read reads a file's text. The name tells the format, by its ending: a text
// without a known one is YAML if it is not JSON and has the form of a mapping.
// Owner resolves the pseudo parameters of templates; it may be unknown.
//
// A JSON text is at most [document.MaxText] bytes long, a YAML text [MaxYAML].
func Read(name string, text []byte, owner identity.Owner) File {
	r := reader{owner: owner}
	ending := strings.ToLower(filepath.Ext(name))
	doc, findings := document.Read(text)
	switch {
	case slices.Contains(lineEndings, ending), doc == nil && ending != ".json" && !slices.Contains(yamlEndings, ending) && isLines(text),
		doc == nil && ending == ".json" && isLines(text):
		r.lines(text)
	case doc != nil:
		r.document(source{doc: doc})
	case slices.Contains(yamlEndings, ending), ending != ".json" && looksLikeYAML(text):
		r.yaml(text)
	case len(bytes.TrimSpace(text)) == 0:
		r.file.Findings = findings
	default:
		r.whole(text)
	}
	return r.file
}

// Single is the entry of a text that is one request, whatever it looks like.
func Single(text string) Entry {
	body := strings.TrimSpace(text)
	before, _, _ := strings.Cut(text, body)
	line, column := positionAfter(before)
	return Entry{Body: body, Line: line, at: placement{shift: [2]int{line - 1, column - 1}}}
}

// isLines reports whether a text that is not JSON has one request a line: its
// first line is an object.
func isLines(text []byte) bool {
	first, _, more := bytes.Cut(bytes.TrimSpace(text), []byte("\n"))
	if !more {
		return false
	}
	one, _ := document.Read(first)
	return one != nil && one.Root().IsObject()
}

// reader reads one file.
type reader struct {
	owner identity.Owner
	file  File
}

func (r *reader) add(e Entry) { r.file.Entries = append(r.file.Entries, e) }

// whole takes a text that is not JSON as one entry, so that its reader says what
// is wrong with it.
func (r *reader) whole(text []byte) {
	e := Single(string(text))
	e.Bare = true
	r.add(e)
}

// lines takes each line that is not empty as an entry.
func (r *reader) lines(text []byte) {
	number := 0
	for line := range bytes.Lines(text) {
		number++
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		e := Single(string(line))
		e.Line = number
		e.at.shift[0] = number - 1
		if doc, _ := document.Read(line); doc != nil {
			e.Bare = isPolicy(doc.Root())
		}
		r.add(e)
	}
}

// document finds the entries of a JSON text, or of a YAML document in JSON.
func (r *reader) document(s source) {
	root := s.doc.Root()
	switch {
	case isEvent(root):
		r.event(s, root.Get("Records"))
	case isPolicies(root):
		r.policies(s, root.Get("Policies"))
	case isTemplate(root):
		r.template(s, root.Get("Resources"))
	case isPlan(root):
		r.plan(s, root)
	default:
		e := Single(string(s.doc.Text()))
		e.Bare = isPolicy(root)
		if s.place != nil {
			e.at = placement{source: s, offset: func(offset int) int { return offset }}
			e.Line, _ = s.position(0)
		}
		r.add(e)
	}
}

func isPolicy(n document.Node) bool {
	shape, _ := message.Recognize(n)
	return shape == message.IsPolicy
}
