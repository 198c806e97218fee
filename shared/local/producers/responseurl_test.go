package producers_test

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"sespolicy/shared/local"
	"sespolicy/shared/local/response"
)

const (
	genuine = "cloudformation-custom-resource-response-useast1.s3.amazonaws.com"
	irish   = "cloudformation-custom-resource-response-euwest1.s3-eu-west-1.amazonaws.com"
	// secret is in the query of each URL, and must be told to nobody.
	secret = "X-Amz-Signature=5ec7e75ec7e75ec7e75ec7e75ec7e75e"
)

// withURL is a custom resource request with another ResponseURL.
func withURL(t *testing.T, message, responseURL string) string {
	t.Helper()
	var request map[string]json.RawMessage
	if err := json.Unmarshal([]byte(message), &request); err != nil {
		t.Fatal(err)
	}
	quoted, err := json.Marshal(responseURL)
	if err != nil {
		t.Fatal(err)
	}
	request["ResponseURL"] = quoted
	text, err := json.Marshal(request)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// awsURL is the URL that CloudFormation would have sent: the host is a real one.
func awsURL(w *world, host, message string) string {
	var request struct{ ResponseURL string }
	if err := json.Unmarshal([]byte(message), &request); err != nil {
		w.t.Fatal(err)
	}
	_, rest, _ := strings.Cut(request.ResponseURL, response.PathPrefix+"useast1/")
	return "https://" + host + "/" + rest
}

// trap is a listener that nobody must call.
func trap(t *testing.T) (address string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return // the test is over
			}
			t.Errorf("%s called the trap", conn.RemoteAddr())
			_ = conn.Close()
		}
	}()
	return listener.Addr().String()
}

// As on AWS: response buckets are S3's own hosts.
func TestHostileResponseURLs(t *testing.T) {
	trapped := trap(t)
	o := newOutside(t, genuine, irish)
	w := start(t, local.Config{Environment: o.environment()})
	o.handler = virtualHosted(w.Responses)

	// The bucket of the deployment's own Region is called, with what S3 takes.
	r := newResource(w)
	message, requestID := r.request("Create", properties(policy("Genuine")))
	w.publish(withURL(t, message, awsURL(w, genuine, message)))
	r.expect(r.answer(requestID), "SUCCESS", "example.com/MyPolicy")
	if calls := o.calls(); !slices.Equal(calls, []string{genuine + ":443"}) {
		t.Errorf("called %v", calls)
	}

	for _, hostile := range []string{
		"",
		"https://" + irish + "/x", // another Region's
		"http://" + genuine + "/x",
		"ftp://" + genuine + "/x",
		"//" + genuine + "/x",
		"https:" + genuine + "/x",
		"https:///" + genuine + "/x",
		"file:///etc/passwd",
		"https://evil.example/x",
		"https://evil.example/" + genuine + "/x",
		"https://evil.example/x#" + genuine,
		"https://s3.amazonaws.com/cloudformation-custom-resource-response-useast1/x",
		"https://" + genuine + "./x",
		"https://" + genuine + ".evil.example/x",
		"https://" + genuine + "@evil.example/x",
		"https://user:password@" + genuine + "/x",
		"https://@" + genuine + "/x",
		"https://" + genuine + ":8443/x",
		"https://" + genuine + ":443/x",
		`https://` + genuine + `\@evil.example/x`,
		"https://" + genuine + "%2eevil.example/x",
		"https://" + genuine + "%00.evil.example/x",
		"https://" + genuine + "\r\nHost: evil.example/x",
		"https://" + strings.ToUpper(genuine) + "/x",
		"https://cloudformation-custom-resource-response-evil.s3.amazonaws.com/x",
		"https://cloudformation-custom-resource-response-useast1-evil.s3.amazonaws.com/x",
		"https://cloudformation-custom-resource-response-useast1.s3.eu-west-1.amazonaws.com/x",
		"https://cloudformation-custom-resource-response-useast1.evil.s3.amazonaws.com/x",
		"https://cloudformation-custom-resource-response-useast1.s3-evil.amazonaws.com/x",
		"https://evil-cloudformation-custom-resource-response-useast1.s3.amazonaws.com/x",
		"https://cloudformation-custom-resource-response-cnnorth1.s3.cn-north-1.amazonaws.com.cn/x",
		"https://cloudformation-custom-resource-response-usgovwest1.s3.us-gov-west-1.amazonaws.com/x",
		"https://169.254.169.254/latest/meta-data/",
		"https://[fd00:ec2::254]/x",
		"https://2852039166/x",
		"https://" + trapped + "/x",
		"http://" + trapped + response.PathPrefix + "useast1/x",
		"http://169.254.169.254/2021-01-01/credentials",
		w.URL + response.PathPrefix + "useast1/x",
	} {
		calls := len(w.Email.Calls())
		message, _ := newResource(w).request("Create", properties(policy("Hostile")))
		asked := notification(t, withURL(t, message, hostile+"?"+secret), time.Now())
		if hostile == "" {
			asked = notification(t, withURL(t, message, ""), time.Now())
		}
		got := w.sendAndAwait(asked)
		if got.Outcome != "Rejected" || got.Code != "MalformedRequest" || !strings.Contains(got.Reason, "ResponseURL") {
			t.Errorf("%s: %+v", hostile, got)
		}
		if called := o.calls(); len(called) > 0 || len(w.Email.Calls()) > calls {
			t.Errorf("%s: called %v", hostile, called)
		}
		letters := w.DeadLetters().Snapshot()
		if len(letters) == 0 {
			t.Fatalf("%s: no dead letter", hostile)
		}
		letter := letters[len(letters)-1]
		if !strings.Contains(letter.Attributes["Violations"].StringValue, `"response-url"`) || letter.Attributes["AnsweredTo"].StringValue != "" {
			t.Errorf("%s: dead letter %+v", hostile, letter.Attributes)
		}
	}
	if strings.Contains(w.told(), secret) {
		t.Error("a query was told")
	}
	expectPolicies(t, w, map[string]string{"MyPolicy": policy("Genuine")})
}

// Where AWS_ENDPOINT_URL_S3 is set, response buckets are there and nowhere else.
func TestResponseURLsWithAnEndpoint(t *testing.T) {
	trapped := trap(t)
	o := newOutside(t, genuine)
	w := start(t, local.Config{Environment: map[string]string{"HTTPS_PROXY": o.URL, "HTTP_PROXY": o.URL, "AWS_CA_BUNDLE": o.CA}})
	host := strings.TrimPrefix(w.URL, "http://")
	for _, hostile := range []string{
		"https://" + genuine + "/x", "https://" + host + "/x", "http://" + host + "@" + trapped + "/x", "http://user@" + host + "/x",
		"http://" + trapped + "/x", "http://localhost" + host[strings.LastIndexByte(host, ':'):] + "/x", host + "/x",
	} {
		message, _ := newResource(w).request("Create", properties(policy("Hostile")))
		got := w.sendAndAwait(notification(t, withURL(t, message, hostile+"?"+secret), time.Now()))
		if got.Code != "MalformedRequest" || !strings.Contains(got.Reason, "ResponseURL") {
			t.Errorf("%s: %+v", hostile, got)
		}
	}
	if called := o.calls(); len(called) > 0 || len(w.Email.Calls()) > 0 || strings.Contains(w.told(), secret) {
		t.Errorf("called %v", called)
	}
}

// A bucket's redirect leads anywhere. It is not followed, and the answer waits.
func TestRedirectOfTheResponseBucket(t *testing.T) {
	trapped := trap(t)
	o := newOutside(t, genuine)
	w := start(t, local.Config{Environment: o.environment()})
	o.handler = virtualHosted(w.Responses)
	for status, to := range map[int]string{ // 302 and 303 ask for a GET, 307 and 308 for the same PUT
		http.StatusFound:             "https://evil.example/x",
		http.StatusSeeOther:          "http://" + trapped + "/x",
		http.StatusTemporaryRedirect: "https://169.254.169.254/x",
		http.StatusPermanentRedirect: "https://evil.example/x",
	} {
		w.Responses.SetFault(func(*http.Request) response.Fault {
			return response.Fault{Answer: func(answer http.ResponseWriter, r *http.Request) { http.Redirect(answer, r, to, status) }}
		})
		r := newResource(w)
		name := fmt.Sprintf("After%d", status)
		message, requestID := r.request("Create", with(properties(policy("One")), "PolicyName", name))
		address := awsURL(w, genuine, message)
		w.publish(withURL(t, message, address))
		failed := w.handedBack(requestID)
		if got := w.request(failed.ID); got.Outcome != "Retry" || got.Code != "ReplyFailed" {
			t.Errorf("%s: %+v", to, got)
		}
		for _, call := range o.calls() {
			if call != genuine+":443" {
				t.Errorf("%s: called %s", to, call)
			}
		}
		w.Responses.SetFault(nil)
		if err := w.Source().ChangeVisibility(t.Context(), failed.ReceiptHandle, 0); err != nil {
			t.Fatal(err)
		}
		r.expect(r.answer(requestID), "SUCCESS", "example.com/"+name)
		parsed, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		if signature := parsed.Query().Get("X-Amz-Signature"); signature == "" || strings.Contains(w.told(), signature) {
			t.Errorf("%s: the query was told", to)
		}
	}
}
