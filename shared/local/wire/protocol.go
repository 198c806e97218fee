package wire

import (
	"bytes"
	"encoding/xml"
	"errors"
	"net/http"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"
)

// NewID returns a random UUID, the form of AWS's ids.
func NewID() string { return uuid.NewString() }

// Protocol encodes answers and errors as one of AWS's protocols has them.
type Protocol interface {
	// encode returns the body of an answer to an action, or that of an error if
	// refused is not nil, and sets the headers that go with it.
	encode(header http.Header, action, requestID string, answer any, refused *Error) ([]byte, error)
}

// Write answers a call: with the error if there is one, otherwise with the
// answer. If the client is gone, or is to be told nothing, it closes the
// connection: it panics with [http.ErrAbortHandler], which net/http expects.
func Write(w http.ResponseWriter, r *http.Request, p Protocol, action, requestID string, answer any, err error) {
	if err != nil && (errors.Is(err, ErrBroken) || r.Context().Err() != nil) {
		panic(http.ErrAbortHandler)
	}
	status := http.StatusOK
	var refused *Error
	if err != nil {
		refused = AsError(err)
		status = refused.HTTPStatus()
	}
	w.Header().Set("X-Amzn-Requestid", requestID)
	body, err := p.encode(w.Header(), action, requestID, answer, refused)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client may have gone: nobody to tell
}

// JSON is AWS JSON, whose action is in the header X-Amz-Target, and without a
// version REST JSON, whose action is the request's method and path.
type JSON struct {
	Version   string // "1.0" or "1.1"
	Namespace string // precedes the codes of errors, such as "com.amazonaws.sqs#"
}

// REST is the protocol of services whose operations are paths.
type REST = JSON

func (p JSON) encode(header http.Header, _, _ string, answer any, refused *Error) ([]byte, error) {
	header.Set("Content-Type", "application/json")
	if p.Version != "" {
		header.Set("Content-Type", "application/x-amz-json-"+p.Version)
	}
	if refused != nil {
		header.Set("X-Amzn-Errortype", refused.Code)
		if p.Namespace != "" { // SQS, which had the Query protocol before
			header.Set("X-Amzn-Query-Error", refused.QueryCode()+";"+refused.Side())
		}
		answer = map[string]string{"__type": p.Namespace + refused.Code, "message": refused.Message}
	}
	return json.Marshal(answer, json.Deterministic(true), jsontext.AllowInvalidUTF8(true)) // a message may quote anything
}

// Query is the Query protocol: a form in, XML out.
type Query struct {
	Namespace string // the XML namespace, which has the API version
}

func (p Query) encode(header http.Header, action, requestID string, answer any, refused *Error) ([]byte, error) {
	header.Set("Content-Type", "text/xml")
	if refused != nil {
		type failure struct{ Type, Code, Message string }
		return xml.Marshal(struct {
			XMLName   xml.Name
			Error     failure
			RequestID string `xml:"RequestId"`
		}{xml.Name{Space: p.Namespace, Local: "ErrorResponse"}, failure{refused.Side(), refused.QueryCode(), refused.Message}, requestID})
	}
	var result bytes.Buffer
	if err := xml.NewEncoder(&result).EncodeElement(answer, xml.StartElement{Name: xml.Name{Local: action + "Result"}}); err != nil {
		return nil, err
	}
	return xml.Marshal(struct {
		XMLName   xml.Name
		Result    string `xml:",innerxml"`
		RequestID string `xml:"ResponseMetadata>RequestId"`
	}{xml.Name{Space: p.Namespace, Local: action + "Response"}, result.String(), requestID})
}
