package bus

import (
	"errors"
	"slices"

	"github.com/go-json-experiment/json"
)

// rule is a Rule with its pattern read.
type rule struct {
	bus     string
	pattern pattern
	send    Send
}

// pattern is the part of EventBridge's event patterns that is served: an event
// matches when each list that is there has its value.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html
type pattern struct {
	Source     []string `json:"source"`
	DetailType []string `json:"detail-type"`
}

func parsePattern(text string) (pattern, error) {
	var p pattern
	if err := json.Unmarshal([]byte(text), &p, json.RejectUnknownMembers(true)); err != nil {
		return p, errors.Join(errors.New("only lists of strings by source and detail-type are served here"), err)
	}
	if len(p.Source) == 0 && len(p.DetailType) == 0 {
		return p, errors.New("expected values for source, detail-type or both")
	}
	return p, nil
}

func (p pattern) matches(e Event) bool {
	return (len(p.Source) == 0 || slices.Contains(p.Source, e.Source)) &&
		(len(p.DetailType) == 0 || slices.Contains(p.DetailType, e.DetailType))
}
