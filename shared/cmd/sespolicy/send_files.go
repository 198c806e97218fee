package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"sespolicy/shared/deadletter"
	"sespolicy/shared/identity"
	"sespolicy/shared/requestfile"
)

// outgoing is one request of a file, to send.
type outgoing struct {
	requestfile.Entry
	file   string // as it is shown
	text   string // of the file
	name   string // the file, and which of its requests, if it has several that are no lines
	ofMany bool   // the file has one request per line
}

// textFile is a file that was read.
type textFile struct {
	name string
	text []byte
}

// readFiles reads files, those of folders, and standard input.
func readFiles(names []string, stdin io.Reader) ([]textFile, error) {
	names, err := filesOf(names)
	failed := []error{err}
	var all []textFile
	for _, name := range names {
		text, err := read(name, stdin)
		failed = append(failed, err)
		all = append(all, textFile{shown(name), text})
	}
	return all, errors.Join(failed...)
}

// requestsOf finds the requests in files. A file without any, or with a value that
// only a deployment knows, is an error.
func requestsOf(files []textFile, owner identity.Owner) ([]outgoing, error) {
	var all []outgoing
	var failed []error
	for _, f := range files {
		file := requestfile.Read(f.name, f.text, owner)
		for _, found := range file.Findings {
			failed = append(failed, fmt.Errorf("%s:%d:%d: %s", f.name, found.Line, found.Column, found.Message))
		}
		if len(file.Entries) == 0 && file.Findings == nil || len(strings.TrimSpace(string(f.text))) == 0 {
			failed = append(failed, fmt.Errorf("%s has no request in it", f.name))
		}
		for _, e := range file.Entries {
			r := outgoing{Entry: e, file: f.name, text: string(f.text), name: f.name, ofMany: len(file.Entries) > 1 && e.Pointer == ""}
			if len(file.Entries) > 1 && e.Pointer != "" {
				r.name += "#" + strings.TrimSuffix(e.Pointer, "/body")
			}
			if len(e.Unknown) > 0 {
				failed = append(failed, withHint(fmt.Errorf("%s:%d: the value at %s is known only when it is deployed", f.name, e.Line, e.Unknown[0]),
					"deploy it, or write the request with its values"))
			}
			all = append(all, r)
		}
	}
	return all, errors.Join(failed...)
}

// attributes are the attributes that the request's sender gave its message.
func (r *outgoing) attributes() map[string]types.MessageAttributeValue {
	if r.Attributes == nil {
		return nil
	}
	own := deadletter.Received{Letter: deadletter.Letter{Record: events.SQSMessage{MessageAttributes: r.Attributes}}}
	return own.SenderAttributes()
}
