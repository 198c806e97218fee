package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"sespolicy/shared/local"
)

func TestHang(t *testing.T) {
	for name, test := range map[string]struct {
		line  string
		width int
		want  string
	}{
		"no terminal":                  {strings.Repeat("a", 100), noTerminal, strings.Repeat("a", 100)},
		"it fits":                      {strings.Repeat("a", 80), 80, strings.Repeat("a", 80)},
		"at a space":                   {"12:00:01  Rejected  because of this", 30, "12:00:01  Rejected  because of\n" + indent + "this"},
		"no space to break at":         {strings.Repeat("a", 35), 30, strings.Repeat("a", 30) + "\n" + indent + "aaaaa"},
		"a space too early":            {"a " + strings.Repeat("b", 35), 30, "a " + strings.Repeat("b", 28) + "\n" + indent + "bbbbbbb"},
		"spaces inside are kept":       {strings.Repeat("a", 30) + ` {"a":  "b"}`, 30, strings.Repeat("a", 30) + "\n" + indent + `{"a":  "b"}`},
		"wide characters":              {strings.Repeat("漢", 20), 30, strings.Repeat("漢", 15) + "\n" + indent + strings.Repeat("漢", 5)},
		"a terminal too narrow for it": {strings.Repeat("a", 100), 20, strings.Repeat("a", 100)},
	} {
		if got := hang(test.line, test.width); got != test.want {
			t.Errorf("%s: got\n%s\nwant\n%s", name, got, test.want)
		}
	}
}

// What a requester is told appears as it happens, whole and on one line of a
// pipe.
func TestRepliesAsTheyHappen(t *testing.T) {
	var out bytes.Buffer
	lines := &live{out: &out, replies: true}
	body := `{"messageId": "1",` + "\n" + `  "reason": "` + strings.Repeat("why ", 200) + "\u202e" + `"}`
	for _, r := range []local.Reply{
		{Time: time.Now(), To: local.ToBus, What: "SES Identity Policy Rejected", Of: "event bus default", Body: body},
		{Time: time.Now(), To: local.ToStack, What: "FAILED", Of: "SendingPolicy", Body: "nonsense", Problem: "not JSON"},
	} {
		lines.observer().Reply(r)
	}
	got := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(got) != 2 || strings.Count(got[0], "why ") != 200 || !strings.Contains(got[0], `\u202e`) || !strings.Contains(got[1], "not JSON") {
		t.Errorf("got %q", got)
	}
	if (&live{}).observer().Reply != nil {
		t.Error("run shows replies twice")
	}
}
