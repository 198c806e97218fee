package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"sespolicy/shared/deadletter"
	"sespolicy/shared/document"
)

// outgoing is one request of a file, to send.
type outgoing struct {
	file       string
	line       int  // lines before it in the file
	ofMany     bool // the file has one request per line
	body       string
	attributes map[string]types.MessageAttributeValue
}

// linesOf are the endings of files with one request per line.
var linesOf = []string{".ndjson", ".jsonl"}

// readRequests reads the requests of files, folders and standard input.
func readRequests(names []string, stdin io.Reader) ([]outgoing, error) {
	var all []outgoing
	var failed []error
	for _, name := range names {
		files, err := filesOf(name)
		if err != nil {
			failed = append(failed, err)
		}
		for _, file := range files {
			text, err := read(file, stdin)
			if err != nil {
				failed = append(failed, err)
				continue
			}
			found := split(shown(file), string(text))
			if len(found) == 0 {
				failed = append(failed, fmt.Errorf("%s has no request in it", shown(file)))
			}
			all = append(all, found...)
		}
	}
	return all, errors.Join(failed...)
}

// filesOf are the files that a name means: itself, or those of a folder.
func filesOf(name string) ([]string, error) {
	if name == standardInput || !isFolder(name) {
		return []string{name}, nil // reading it says what is wrong with it
	}
	entries, err := os.ReadDir(name)
	if err != nil {
		return nil, err
	}
	var files []string
	for _, e := range entries {
		if ending := filepath.Ext(e.Name()); !e.IsDir() && (ending == ".json" || slices.Contains(linesOf, ending)) {
			files = append(files, filepath.Join(name, e.Name()))
		}
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("folder %s has no .json, .ndjson or .jsonl files", name)
	}
	return files, nil
}

func isFolder(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.IsDir()
}

// split finds the requests in a file's text: those of an SQS event, one per line,
// or one. A text that is not JSON as a whole, and whose first line is an object,
// has one per line.
func split(file, text string) []outgoing {
	doc, _ := document.Read([]byte(text))
	if doc != nil && doc.Root().Get("Records").Exists() {
		if found := ofEvent(file, text); found != nil {
			return found
		}
	}
	first, _, more := strings.Cut(strings.TrimSpace(text), "\n")
	one, _ := document.Read([]byte(first))
	if slices.Contains(linesOf, filepath.Ext(file)) || doc == nil && more && one != nil && one.Root().IsObject() {
		return lines(file, text)
	}
	if body := strings.TrimSpace(text); body != "" {
		before, _, _ := strings.Cut(text, body)
		return []outgoing{{file: file, line: strings.Count(before, "\n"), body: body}}
	}
	return nil
}

func lines(file, text string) []outgoing {
	var found []outgoing
	number := 0
	for line := range strings.Lines(text) {
		if body := strings.TrimSpace(line); body != "" {
			found = append(found, outgoing{file: file, line: number, ofMany: true, body: body})
		}
		number++
	}
	return found
}

// ofEvent returns the messages of an SQS event; nil if it is none.
func ofEvent(file, text string) []outgoing {
	var event events.SQSEvent
	if err := json.Unmarshal([]byte(text), &event); err != nil {
		return nil
	}
	var found []outgoing
	for i, record := range event.Records {
		if record.EventSource != "aws:sqs" {
			return nil
		}
		name := file
		if len(event.Records) > 1 {
			name = fmt.Sprintf("%s#/Records/%d", file, i)
		}
		own := deadletter.Received{Letter: deadletter.Letter{Record: record}}
		found = append(found, outgoing{file: name, body: record.Body, attributes: own.SenderAttributes()})
	}
	return found
}
