package wire

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// input has a parameter of each kind.
type input struct {
	Text              string
	Number            *int
	Names             []string
	Attributes        map[string]string
	MessageAttributes map[string]Attribute
	Entries           []input
}

func TestOneInputOfBothProtocols(t *testing.T) {
	for _, test := range []struct {
		reason, form, json string
		want               input
	}{
		{"nothing", "", ``, input{}},
		{"text and a number", "Text=12&Number=7", `{"Text":"12","Number":7}`, input{Text: "12", Number: new(7)}},
		{"an unknown one", "Text=a&Nope.1.x=b", `{"Text":"a","Nope":[{"x":"b"}]}`, input{Text: "a"}},
		{"a list", "Names.member.2=b&Names.member.1=a", `{"Names":["a","b"]}`, input{Names: []string{"a", "b"}}},
		{"a list of eleven", "Names.member.1=1&Names.member.2=2&Names.member.3=3&Names.member.4=4&Names.member.5=5&Names.member.6=6&Names.member.7=7&Names.member.8=8&Names.member.9=9&Names.member.10=10&Names.member.11=11",
			`{"Names":["1","2","3","4","5","6","7","8","9","10","11"]}`, input{Names: strings.Fields("1 2 3 4 5 6 7 8 9 10 11")}},
		{"a map", "Attributes.entry.1.key=member&Attributes.entry.1.value=1", `{"Attributes":{"member":"1"}}`, input{Attributes: map[string]string{"member": "1"}}},
		{"a flat map, as of SQS", "MessageAttributes.1.Name=1&MessageAttributes.1.Value.DataType=Binary&MessageAttributes.1.Value.BinaryValue=AP8=",
			`{"MessageAttributes":{"1":{"DataType":"Binary","BinaryValue":"AP8="}}}`,
			input{MessageAttributes: map[string]Attribute{"1": {DataType: "Binary", BinaryValue: []byte{0, 255}}}}},
		{"a list of structures", "Entries.member.1.Text=a&Entries.member.2.Attributes.entry.1.key=k&Entries.member.2.Attributes.entry.1.value=v",
			`{"Entries":[{"Text":"a"},{"Attributes":{"k":"v"}}]}`, input{Entries: []input{{Text: "a"}, {Attributes: map[string]string{"k": "v"}}}}},
	} {
		t.Run(test.reason, func(t *testing.T) {
			for contentType, body := range map[string]string{"application/x-www-form-urlencoded": test.form, "application/x-amz-json-1.0": test.json} {
				got, err := call(t, contentType, body).read()
				if diff := cmp.Diff(test.want, got); diff != "" || err != nil {
					t.Errorf("%s: %v %s", contentType, err, diff)
				}
			}
		})
	}
}

func TestRefusedInput(t *testing.T) {
	for _, test := range []struct{ reason, contentType, body, code string }{
		{"a form that is none", "application/x-www-form-urlencoded", "Text=%zz", "MalformedInput"},
		{"letters for a number", "application/x-www-form-urlencoded", "Number=x", "InvalidParameterValue"},
		{"text for a list", "application/x-www-form-urlencoded", "Names=x", "InvalidParameterValue"},
		{"JSON that is none", "application/json", "{", "SerializationException"},
		{"too much of it", "application/json", strings.Repeat(" ", maxRequest+1), "InvalidParameterValueException"},
	} {
		t.Run(test.reason, func(t *testing.T) {
			if _, err := call(t, test.contentType, test.body).read(); err == nil || AsError(err).Code != test.code {
				t.Errorf("got %v, want %s", err, test.code)
			}
		})
	}
	if _, err := ReadREST[input](nil, httptest.NewRequest(http.MethodGet, "/?"+url.Values{"Number": {"x"}}.Encode(), nil)); AsError(err).Code != "InvalidParameterValue" {
		t.Errorf("a query: %v", err)
	}
}

type request struct{ *http.Request }

func call(t *testing.T, contentType, body string) request {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
	r.Header.Set("Content-Type", contentType)
	return request{r}
}

// read reads the input through a service of one operation without a name.
func (r request) read() (in input, err error) {
	service := Service[int, input]{Operations: map[string]Operation[int, input]{"": func(_ context.Context, _ int, given input) (any, error) { in = given; return Nothing{}, nil }}}
	_, err = service.Read(httptest.NewRecorder(), r.Request, 0).Do(r.Context())
	return in, err
}

func TestServedOperations(t *testing.T) {
	do := func(ctx context.Context, server string, _ input) (any, error) {
		return struct{ Text string }{server + " " + TraceHeader(ctx)}, nil
	}
	service := Service[string, input]{
		JSON: JSON{Version: "1.0"}, InQuery: []string{"Do"},
		Operations: map[string]Operation[string, input]{"Do": do, "DoMore": do},
	}
	for _, test := range []struct {
		reason, target, form string
		status               int
		body                 string
	}{
		{"in JSON", "Service.Do", "", 200, `{"Text":"it Root=1"}`},
		{"another in JSON", "Service.DoMore", "", 200, `{"Text":"it Root=1"}`},
		{"not served in JSON", "Service.Nope", "", 404, `"UnknownOperationException"`},
		{"in Query", "", "Action=Do", 200, "<DoResult><Text>it Root=1</Text></DoResult>"},
		{"not served in Query", "", "Action=DoMore", 400, "<Code>InvalidAction</Code>"},
	} {
		t.Run(test.reason, func(t *testing.T) {
			contentType := "application/x-amz-json-1.0"
			if test.form != "" {
				contentType = "application/x-www-form-urlencoded"
			}
			r := call(t, contentType, test.form).Request
			r.Header.Set("X-Amz-Target", test.target)
			r.Header.Set("X-Amzn-Trace-Id", "Root=1")
			w := httptest.NewRecorder()
			service.Read(w, r, "it").Serve(w, r, Fault{})
			if w.Code != test.status || !strings.Contains(w.Body.String(), test.body) {
				t.Errorf("%d %s", w.Code, w.Body)
			}
		})
	}
}
