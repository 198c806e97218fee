package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/aws/aws-lambda-go/events"

	"sespolicy/shared/document"
	"sespolicy/shared/examine"
	"sespolicy/shared/identity"
	"sespolicy/shared/message"
	"sespolicy/shared/requestfile"
)

// standardInput is the argument that stands for it.
const standardInput = "-"

// textFile is a file that was read.
type textFile struct {
	name     string // as it is shown
	text     []byte
	inFolder bool // it was found in a folder that was named
}

// readFiles reads files, those of folders, and standard input. The error lists
// those that could not be read, and the others are returned all the same.
func readFiles(names []string, stdin io.Reader) ([]textFile, error) {
	var all []textFile
	var failed []error
	for _, name := range names {
		files := []string{name}
		if name != standardInput {
			var err error
			files, err = requestfile.Names(name)
			failed = append(failed, err)
		}
		for _, file := range files {
			text, err := readFile(file, stdin)
			if err != nil {
				failed = append(failed, err)
				continue
			}
			if file == standardInput {
				file = "stdin"
			}
			all = append(all, textFile{file, text, file != name && name != standardInput})
		}
	}
	return all, errors.Join(failed...)
}

// readFile reads a file or standard input: not more of it than is examined, and
// the byte more that says so.
func readFile(name string, stdin io.Reader) ([]byte, error) {
	if name == standardInput {
		text, err := io.ReadAll(io.LimitReader(stdin, document.MaxText+1))
		if err != nil {
			return nil, fmt.Errorf("reading standard input: %w", err)
		}
		return text, nil
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(file, document.MaxText+1))
	return text, errors.Join(err, file.Close())
}

// requestsOf finds the requests in files. The error has everything that cannot be
// sent, and the other requests are returned all the same. A file of a folder may
// have no request, like a template of other resources.
func requestsOf(files []textFile, owner identity.Owner) ([]examine.Request, error) {
	var all []examine.Request
	var failed []error
	for _, f := range files {
		requests, err := examine.Requests(f.name, f.text, owner)
		all = append(all, requests...)
		if !f.inFolder || !errors.Is(err, examine.ErrNone) {
			failed = append(failed, err)
		}
	}
	return all, errors.Join(failed...)
}

// openRequest opens a body as the function does.
func openRequest(body, queueARN string) message.Message {
	m, _, _ := message.Open(events.SQSMessage{Body: body, EventSourceARN: queueARN})
	return m
}
