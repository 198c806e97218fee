package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"sespolicy/shared/document"
	"sespolicy/shared/identity"
	"sespolicy/shared/policy"
)

const (
	// checked is how many policies this project checks for one figure.
	checked = 20_000
	// linted is how many policies more the second template has for cfn-lint.
	linted = 200
)

// check measures how many policies a second are checked.
func check(ctx context.Context, b *bench) (section, error) {
	var own, lint []float64
	folder, err := b.temporary()
	if err != nil {
		return section{}, err
	}
	for range b.runs {
		rate, err := checkOurs()
		if err != nil {
			return section{}, err
		}
		own = append(own, rate)
	}
	s := section{Name: "check", Title: "Check",
		About: fmt.Sprintf("Sending authorization policies read and checked in a second, on one core. cfn-lint has them as resource policies in a template, whose IAM checks it makes with all others; "+
			"its start is left out: it is the time for %d policies more. Medians of %d runs.", linted, b.runs),
		Columns: []string{"policies a second", "of cfn-lint's"}}
	for n := 0; n < min(b.runs, 3); n++ {
		rate, err := b.checkLint(ctx, folder)
		if err != nil {
			s.Notes = append(s.Notes, "cfn-lint was left out: "+err.Error()+".")
			break
		}
		lint = append(lint, rate)
	}
	theirs := median(lint)
	s.Lines = []line{{"this project", []value{value(median(own)), value(median(own) / theirs)}}}
	if len(lint) > 0 {
		s.Lines = append(s.Lines, line{"cfn-lint", []value{value(theirs), 1}})
	}
	return s, nil
}

func checkOurs() (rate float64, err error) {
	begun := time.Now()
	for n := range checked {
		text := []byte(requestFor(n % burst).Policy)
		doc, findings := document.Read(text)
		if doc == nil || len(findings) > 0 {
			return 0, errors.New("a policy of the bench could not be read")
		}
		id := identity.Identity{Name: requestFor(n % burst).Identity, Partition: "aws", Region: "us-east-1", Account: "123456789012"}
		if _, findings := policy.Check(doc.Root(), id); len(findings) > 0 {
			return 0, fmt.Errorf("a policy of the bench was found wrong: %s", findings[0].Message)
		}
	}
	return checked / time.Since(begun).Seconds(), nil
}

func (b *bench) checkLint(ctx context.Context, folder string) (rate float64, err error) {
	if b.alone {
		return 0, errAlone
	}
	tool, err := exec.LookPath("cfn-lint")
	if err != nil {
		return 0, errors.New("it is not installed")
	}
	var took [2]time.Duration
	for i, size := range []int{1, 1 + linted} {
		path := filepath.Join(folder, fmt.Sprintf("policies-%d.json", size))
		if err := os.WriteFile(path, templateOf(size), 0o644); err != nil {
			return 0, err
		}
		begun := time.Now()
		text, err := exec.CommandContext(ctx, tool, "--ignore-checks", "W", "--", path).CombinedOutput()
		if err != nil {
			return 0, fmt.Errorf("%w: %s", err, text)
		}
		took[i] = time.Since(begun)
	}
	return linted / (took[1] - took[0]).Seconds(), nil
}

// templateOf is a template with so many policies. cfn-lint does not know SES's
// as a resource; a queue's policy has the same form.
func templateOf(size int) []byte {
	resources := map[string]any{}
	for n := range size {
		resources[fmt.Sprintf("Policy%d", n)] = map[string]any{"Type": "AWS::SQS::QueuePolicy",
			"Properties": map[string]any{"Queues": []string{"https://example.com/queue"}, "PolicyDocument": json.RawMessage(requestFor(n).Policy)}}
	}
	text, err := json.Marshal(map[string]any{"AWSTemplateFormatVersion": "2010-09-09", "Resources": resources})
	if err != nil {
		panic(err) // all of it is made above
	}
	return text
}
