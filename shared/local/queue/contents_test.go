package queue

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// with makes an Input of one attribute.
func with(name string, a Attribute) Input {
	return Input{Body: "x", Attributes: map[string]Attribute{name: a}}
}

func text(value string) Attribute { return Attribute{DataType: "String", StringValue: value} }

func attributes(n int) map[string]Attribute {
	all := map[string]Attribute{}
	for i := range n {
		all[fmt.Sprint("a", i)] = text("x")
	}
	return all
}

func TestWhatAMessageMayContain(t *testing.T) {
	const (
		value    = "InvalidParameterValueException"
		contents = "InvalidMessageContents"
		missing  = "MissingRequiredParameterException"
	)
	mebibyte := strings.Repeat("x", maxPayload)
	for _, c := range []struct {
		reason string
		in     Input
		code   string
	}{
		{"one character", Input{Body: "x"}, ""},
		{"empty", Input{}, missing},
		{"1 MiB", Input{Body: mebibyte}, ""},
		{"1 MiB and a byte", Input{Body: mebibyte + "x"}, value},
		{"1 MiB with its attribute", Input{Body: mebibyte[:maxPayload-8], Attributes: map[string]Attribute{"a": text("b")}}, ""},
		{"1 MiB and a byte with its attribute", Input{Body: mebibyte[:maxPayload-7], Attributes: map[string]Attribute{"a": text("b")}}, value},
		{"1 MiB, the trace header is free", Input{Body: mebibyte, TraceHeader: "Root=1"}, ""},
		{"tab, LF, CR", Input{Body: "\t\n\r"}, ""},
		{"NUL", Input{Body: "a\x00b"}, contents},
		{"escape", Input{Body: "\x1b"}, contents},
		{"DEL", Input{Body: "\x7f"}, ""},
		{"U+FFFD as written", Input{Body: "\uFFFD"}, ""},
		{"U+FFFE", Input{Body: "\uFFFE"}, contents},
		{"U+FFFF", Input{Body: "\uFFFF"}, contents},
		{"beyond the plane", Input{Body: "\U0001F600\U0010FFFF"}, ""},
		{"broken UTF-8", Input{Body: "a\xffb"}, contents},
		{"delay of 15 min", Input{Body: "x", Delay: new(15 * time.Minute)}, ""},
		{"delay over 15 min", Input{Body: "x", Delay: new(15*time.Minute + time.Second)}, value},
		{"delay below 0", Input{Body: "x", Delay: new(-time.Second)}, value},

		{"10 attributes", Input{Body: "x", Attributes: attributes(10)}, ""},
		{"11 attributes", Input{Body: "x", Attributes: attributes(11)}, value},
		{"every character of a name", with("aZ9_-.b", text("x")), ""},
		{"letters beyond ASCII in a name", with("größe.日本", text("x")), ""},
		{"a name of 256", with(strings.Repeat("n", 256), text("x")), ""},
		{"a name of 257", with(strings.Repeat("n", 257), text("x")), value},
		{"no name", with("", text("x")), value},
		{"a space in a name", with("a b", text("x")), value},
		{"awsome", with("awsome", text("x")), ""},
		{"a period first", with(".a", text("x")), value},
		{"a period last", with("a.", text("x")), value},
		{"two periods", with("a..b", text("x")), value},

		{"a custom type", with("a", Attribute{DataType: "String.json", StringValue: "{}"}), ""},
		{"no type", with("a", Attribute{StringValue: "x"}), value},
		{"an unknown type", with("a", Attribute{DataType: "Text", StringValue: "x"}), value},
		{"half a type", with("a", Attribute{DataType: "String.", StringValue: "x"}), value},
		{"a type of 257", with("a", Attribute{DataType: "String." + strings.Repeat("t", 250), StringValue: "x"}), value},
		{"an empty string", with("a", text("")), value},
		{"a control character", with("a", text("\x01")), value},
		{"a number", with("a", Attribute{DataType: "Number", StringValue: "-12.5e3"}), ""},
		{"bytes", with("a", Attribute{DataType: "Binary", BinaryValue: []byte{0, 255}}), ""},
		{"no bytes", with("a", Attribute{DataType: "Binary"}), value},
		{"bytes as text", with("a", Attribute{DataType: "Binary.png", StringValue: "x"}), value},
	} {
		t.Run(c.reason, func(t *testing.T) {
			_, err := create(t, newServer(), "Q", nil).Send(t.Context(), c.in)
			wantCode(t, err, c.code)
		})
	}
}

func TestMaximumMessageSize(t *testing.T) {
	q := create(t, newServer(), "Q", map[string]string{"MaximumMessageSize": "1024"})
	send(t, q, Input{Body: strings.Repeat("x", 1024)})
	_, err := q.Send(t.Context(), Input{Body: strings.Repeat("x", 1025)})
	wantCode(t, err, invalidParameterValue.Code)
}

func TestDigests(t *testing.T) {
	if got, want := md5Of([]byte("hello world")), "5eb63bbbe01eeed093cb22bb8f5acdc3"; got != want {
		t.Errorf("body: %s, want %s", got, want)
	}
	// The first two are published, with the algorithm's other implementations;
	// the third was computed by one in another language.
	for want, attributes := range map[string]map[string]Attribute{
		"":                                 nil,
		"235c5c510d26fb653d073faed50ae77c": {"timestamp": {DataType: "Number", StringValue: "1493147359900"}},
		"36655e7e9d7c0e8479fa3f3f42247ae7": {"SOME_Valid.attribute-Name": {DataType: "Number", StringValue: "1493147359900"}},
		"065c5b4962477e4a078aecfaa0234907": {
			"a": {DataType: "Number.int", StringValue: "12"},
			"b": {DataType: "Binary.png", BinaryValue: []byte{0, 255}},
			"Z": {DataType: "String", StringValue: "ünï"},
		},
	} {
		if got := md5OfAttributes(attributes); got != want {
			t.Errorf("%v: %s, want %s", attributes, got, want)
		}
	}
}
