package states_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"sespolicy/shared/local/states"
	"sespolicy/shared/local/wire"
)

func client(s *states.Server) *sfn.Client {
	return sfn.New(sfn.Options{
		Region:           "us-east-1",
		Credentials:      credentials.NewStaticCredentialsProvider("id", "secret", ""),
		BaseEndpoint:     aws.String("http://states.local"),
		HTTPClient:       wire.Client{Handler: s},
		RetryMaxAttempts: 1,
	})
}

func succeed(c *sfn.Client, token, output string) error {
	_, err := c.SendTaskSuccess(context.Background(), &sfn.SendTaskSuccessInput{TaskToken: &token, Output: &output})
	return err
}

func fail(c *sfn.Client, token, code, cause string) error {
	_, err := c.SendTaskFailure(context.Background(), &sfn.SendTaskFailureInput{TaskToken: &token, Error: &code, Cause: &cause})
	return err
}

func code(err error) string {
	var apiErr smithy.APIError
	if !errors.As(err, &apiErr) {
		return ""
	}
	return apiErr.ErrorCode()
}

func TestRemembersWhatEachTokenWasTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := states.New()
		server.Issue("token-1", "token-2")
		c := client(server)
		start := time.Now()
		if err := succeed(c, "token-1", `{"outcome":"Applied"}`); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Second)
		if err := fail(c, "token-2", "InvalidPolicy", "no Statement"); err != nil {
			t.Fatal(err)
		}
		want := []states.Answer{
			{Token: "token-1", Success: true, Output: `{"outcome":"Applied"}`, Time: start},
			{Token: "token-2", Error: "InvalidPolicy", Cause: "no Statement", Time: start.Add(2 * time.Second)},
		}
		if diff := cmp.Diff(want, server.Answers()); diff != "" {
			t.Error(diff)
		}
	})
}

func TestRefusals(t *testing.T) {
	for _, tt := range []struct {
		name string
		call func(*sfn.Client) error
		want string
	}{
		{"a token of no characters", func(c *sfn.Client) error { return succeed(c, "", "{}") }, "InvalidToken"},
		{"a token of 2049 characters", func(c *sfn.Client) error { return succeed(c, strings.Repeat("t", 2049), "{}") }, "InvalidToken"},
		{"a token that was never issued", func(c *sfn.Client) error { return succeed(c, "other", "{}") }, "InvalidToken"},
		{"a failure with a token that was never issued", func(c *sfn.Client) error { return fail(c, "other", "", "") }, "InvalidToken"},
		{"an output that is not JSON", func(c *sfn.Client) error { return succeed(c, "t", "{") }, "InvalidOutput"},
		{"an output of 262145 bytes", func(c *sfn.Client) error { return succeed(c, "t", `"`+strings.Repeat("x", 262143)+`"`) }, "ValidationException"},
		{"an error of 257 characters", func(c *sfn.Client) error { return fail(c, "t", strings.Repeat("é", 257), "") }, "ValidationException"},
		{"an error of 256 characters", func(c *sfn.Client) error { return fail(c, "t", strings.Repeat("é", 256), "") }, ""},
		{"a cause of 32769 characters", func(c *sfn.Client) error { return fail(c, "t", "", strings.Repeat("é", 32769)) }, "ValidationException"},
		{"a token that has its answer", func(c *sfn.Client) error { return errors.Join(fail(c, "t", "", ""), fail(c, "t", "", "")) }, "TaskTimedOut"},
		{"a call that is not served", func(c *sfn.Client) error {
			_, err := c.SendTaskHeartbeat(context.Background(), &sfn.SendTaskHeartbeatInput{TaskToken: aws.String("t")})
			return err
		}, "UnknownOperationException"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			server := states.New()
			server.Issue("t", strings.Repeat("t", 2049))
			if got := code(tt.call(client(server))); got != tt.want {
				t.Errorf("code %q, want %q", got, tt.want)
			}
		})
	}
}

func TestFaults(t *testing.T) {
	server := states.New()
	c := client(server)
	server.Issue("old", "new")
	server.SetFault(func(answer states.Answer) wire.Fault {
		if answer.Token == "old" {
			return wire.Fault{Code: "TaskTimedOut"}
		}
		return wire.Fault{}
	})
	if got := code(succeed(c, "old", "{}")); got != "TaskTimedOut" {
		t.Errorf("code %q", got)
	}
	if err := succeed(c, "new", "{}"); err != nil {
		t.Error(err)
	}
	server.SetFault(func(states.Answer) wire.Fault { return wire.Fault{Status: 500} })
	if err := succeed(c, "old", "{}"); err == nil {
		t.Error("a service that is down answered")
	}
	server.SetFault(nil)
	if err := succeed(c, "old", "{}"); err != nil {
		t.Error(err)
	}
	if got := len(server.Answers()); got != 2 {
		t.Errorf("%d answers, want 2", got)
	}
}

// A task gives its token away in a message, bare or in envelopes.
func TestTokensOfMessages(t *testing.T) {
	server := states.New()
	server.Note(`{"TaskToken":"bare","Identity":"example.com"}`)
	server.Note(`{"detail-type":"x","detail":{"TaskToken":"in an event"}}`)
	server.Note(`{"Type":"Notification","Message":"{\"detail\":{\"TaskToken\":\"in a notification\"}}"}`)
	server.Note(`{"TaskToken":{}} TaskToken`)
	c := client(server)
	for token, want := range map[string]string{"bare": "", "in an event": "", "in a notification": "", "example.com": "InvalidToken"} {
		if got := code(succeed(c, token, "{}")); got != want {
			t.Errorf("%s: code %q, want %q", token, got, want)
		}
	}
	server.Note(`{"TaskToken":"bare"}`) // a second delivery does not reopen the task
	if got := code(succeed(c, "bare", "{}")); got != "TaskTimedOut" {
		t.Errorf("answered twice: %q", got)
	}
}
