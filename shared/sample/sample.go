// Package sample reads the sample events of the folder events/: SQS events as Lambda hands them to the function, each named
// after what becomes of it.
//
// A name starts with accepted-, rejected- or mixed-. After rejected- comes the code in lower case with hyphens, such as
// rejected-policy-too-large.json. What follows tells the samples of one code apart.
//
// It sends nothing and checks no request. The shape follows
// https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html#example-standard-queue-message-event
package sample

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/aws/aws-lambda-go/events"

	"sespolicy/shared/outcome"
)

// Expectation is what becomes of all records of a sample. A name begins with it.
type Expectation string

// Expectations.
const (
	Accepted Expectation = "accepted" // SES takes every request
	Rejected Expectation = "rejected" // every request is refused, with the sample's code
	Mixed    Expectation = "mixed"    // some of each
)

// Sample is one file.
type Sample struct {
	Name    string // the file's, without .json
	Expect  Expectation
	Code    string // of a Rejected sample
	Records []events.SQSMessage
}

// codes are those that a name may carry.
var codes = []string{
	outcome.MalformedRequest, outcome.UnknownEnvelope, outcome.InvalidIdentity, outcome.InvalidPolicyName,
	outcome.PolicyTooLarge, outcome.InvalidPolicy, outcome.GuardrailViolation, outcome.Expired, outcome.AlreadyAnswered,
}

// LoadAll reads all samples of a folder, in the order of their names.
func LoadAll(folder string) ([]Sample, error) {
	paths, err := filepath.Glob(filepath.Join(folder, "*.json")) // it sorts
	if err != nil {
		return nil, fmt.Errorf("looking for samples in %s: %w", folder, err)
	}
	var samples []Sample
	for _, path := range paths {
		if strings.HasSuffix(path, ".schema.json") {
			continue
		}
		s, err := Load(path)
		if err != nil {
			return nil, err
		}
		samples = append(samples, s)
	}
	if len(samples) == 0 {
		return nil, fmt.Errorf("there are no samples (*.json) in %s: run this in the clone, or give --events FOLDER", folder)
	}
	return samples, nil
}

// Load reads one sample. A name that says nothing about what to expect is an error.
func Load(path string) (Sample, error) {
	s := Sample{Name: strings.TrimSuffix(filepath.Base(path), ".json")}
	if err := s.readName(); err != nil {
		return Sample{}, fmt.Errorf("%s: %w", path, err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return Sample{}, fmt.Errorf("reading a sample: %w", err)
	}
	var event events.SQSEvent
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&event); err != nil {
		return Sample{}, fmt.Errorf("%s is no SQS event: %w", path, err)
	}
	if len(event.Records) == 0 {
		return Sample{}, fmt.Errorf("%s has no Records", path)
	}
	s.Records = event.Records
	return s, nil
}

func (s *Sample) readName() error {
	kind, rest, _ := strings.Cut(s.Name, "-")
	s.Expect = Expectation(kind)
	switch s.Expect {
	case Accepted, Mixed:
		return nil
	case Rejected:
		// The longest wins: InvalidPolicy begins InvalidPolicyName.
		for _, code := range codes {
			if strings.HasPrefix(rest+"-", kebab(code)+"-") && len(code) > len(s.Code) {
				s.Code = code
			}
		}
		if s.Code == "" {
			return fmt.Errorf("after rejected- a sample's name must have one of the codes, such as %s", kebab(codes[0]))
		}
		return nil
	}
	return fmt.Errorf("a sample's name must start with accepted-, rejected- or mixed-")
}

var capital = regexp.MustCompile(`\B[A-Z]`)

// kebab writes InvalidPolicyName as invalid-policy-name.
func kebab(code string) string { return strings.ToLower(capital.ReplaceAllString(code, "-$0")) }
