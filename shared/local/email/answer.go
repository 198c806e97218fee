package email

import (
	"encoding/xml"
	"net/http"
)

// namespace is that of the API version 2010-12-01.
const namespace = "http://ses.amazonaws.com/doc/2010-12-01/"

// response is a successful answer; Result is one of the results below.
type response struct {
	XMLName  xml.Name
	Space    string `xml:"xmlns,attr"`
	Result   any
	Metadata metadata `xml:"ResponseMetadata"`
}

type metadata struct {
	RequestID string `xml:"RequestId"`
}

type putResult struct {
	XMLName xml.Name `xml:"PutIdentityPolicyResult"`
}

type deleteResult struct {
	XMLName xml.Name `xml:"DeleteIdentityPolicyResult"`
}

type getResult struct {
	XMLName  xml.Name `xml:"GetIdentityPoliciesResult"`
	Policies []entry  `xml:"Policies>entry"`
}

type entry struct {
	Name string `xml:"key"`
	Text string `xml:"value"`
}

type listResult struct {
	XMLName xml.Name `xml:"ListIdentityPoliciesResult"`
	Names   []string `xml:"PolicyNames>member"`
}

type errorResponse struct {
	XMLName   xml.Name    `xml:"ErrorResponse"`
	Space     string      `xml:"xmlns,attr"`
	Error     errorDetail `xml:"Error"`
	RequestID string      `xml:"RequestId"`
}

type errorDetail struct {
	Type    string // Sender or Receiver: whose fault it is
	Code    string
	Message string
}

// refusal is an error answer.
type refusal struct {
	status        int
	code, message string
}

func (r *refusal) detail() errorDetail {
	whose := "Sender"
	if r.status >= http.StatusInternalServerError {
		whose = "Receiver"
	}
	return errorDetail{Type: whose, Code: r.code, Message: r.message}
}

func throttled() *refusal {
	return &refusal{http.StatusBadRequest, "Throttling", "Rate exceeded"}
}

func invalidPolicy(message string) *refusal {
	return &refusal{http.StatusBadRequest, "InvalidPolicy", message}
}

func invalidParameter(message string) *refusal {
	return &refusal{http.StatusBadRequest, "InvalidParameterValue", message}
}

// violated is the front's own check of lengths, in its own words.
func violated(member, constraint string) *refusal {
	return &refusal{http.StatusBadRequest, "ValidationError",
		"1 validation error detected: Value at '" + member + "' failed to satisfy constraint: " + constraint}
}
