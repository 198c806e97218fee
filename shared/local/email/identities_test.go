package email_test

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/google/go-cmp/cmp"

	"sespolicy/shared/local/email"
	"sespolicy/shared/local/wire"
)

func clientV2(server *email.Server) *sesv2.Client {
	return sesv2.New(sesv2.Options{
		Region: "us-east-1", HTTPClient: wire.Client{Handler: server}, BaseEndpoint: new("http://127.0.0.1"),
		Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""), Retryer: aws.NopRetryer{},
	})
}

// An address counts to the letter, a domain does not.
func TestAddressesKeepTheirCase(t *testing.T) {
	server := email.New(email.Config{MinInterval: -1})
	c := client(server)
	for _, identity := range []string{"a@EXAMPLE.com", "a@example.com", "arn:aws:ses:us-east-1:123456789012:identity/A@example.com", "EXAMPLE.com", "example.COM"} {
		if got := put(t, c, identity, "MyPolicy", policy); got != "" {
			t.Errorf("%s: %s", identity, got)
		}
	}
	one := map[string]string{"MyPolicy": policy}
	want := map[string]map[string]string{"a@EXAMPLE.com": one, "a@example.com": one, "A@example.com": one, "example.com": one}
	if diff := cmp.Diff(want, server.Policies()); diff != "" {
		t.Error(diff)
	}
}

func TestIdentitiesOfV2(t *testing.T) {
	server := email.New(email.Config{MinInterval: -1})
	put(t, client(server), "Example.com", "MyPolicy", policy)
	server.AddIdentities("a+b@Example.com", "example.com", "no identity")
	c := clientV2(server)
	list, err := c.ListEmailIdentities(t.Context(), nil)
	if err != nil || list.NextToken != nil {
		t.Fatalf("%+v, %v", list, err)
	}
	var got []string
	for _, one := range list.EmailIdentities {
		got = append(got, *one.IdentityName+" "+string(one.IdentityType)+" "+string(one.VerificationStatus))
	}
	if diff := cmp.Diff([]string{"a+b@Example.com EMAIL_ADDRESS SUCCESS", "example.com DOMAIN SUCCESS"}, got); diff != "" {
		t.Error(diff)
	}
	for _, test := range []struct {
		name, code string
		policies   map[string]string
	}{
		{"EXAMPLE.com", "", map[string]string{"MyPolicy": policy}},
		{"a+b@Example.com", "", map[string]string{}},
		{"a+b@example.com", "NotFoundException", nil},
		{"nobody.example", "NotFoundException", nil},
	} {
		one, err := c.GetEmailIdentity(t.Context(), &sesv2.GetEmailIdentityInput{EmailIdentity: &test.name})
		if code(err) != test.code {
			t.Errorf("%s: %v", test.name, err)
		}
		if err != nil {
			continue
		}
		if diff := cmp.Diff(test.policies, one.Policies); diff != "" || !one.VerifiedForSendingStatus {
			t.Errorf("%s: %+v %s", test.name, one, diff)
		}
		alone, err := c.GetEmailIdentityPolicies(t.Context(), &sesv2.GetEmailIdentityPoliciesInput{EmailIdentity: &test.name})
		if err != nil || !maps.Equal(alone.Policies, one.Policies) {
			t.Errorf("%s: %v %v", test.name, alone, err)
		}
	}
	if calls := len(server.Calls()); calls != 1 {
		t.Errorf("%d calls counted against the second, want 1", calls)
	}
}

func TestPagesOfIdentities(t *testing.T) {
	server := email.New(email.Config{MinInterval: -1})
	for n := range 25 {
		server.AddIdentities(fmt.Sprintf("d%02d.example", n))
	}
	c := clientV2(server)
	pages, seen := 0, map[string]bool{}
	for all := sesv2.NewListEmailIdentitiesPaginator(c, &sesv2.ListEmailIdentitiesInput{PageSize: new(int32(10))}); all.HasMorePages(); pages++ {
		page, err := all.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, one := range page.EmailIdentities {
			seen[*one.IdentityName] = true
		}
	}
	if pages != 3 || len(seen) != 25 {
		t.Errorf("%d identities on %d pages, want 25 on 3", len(seen), pages)
	}
	for _, in := range []sesv2.ListEmailIdentitiesInput{{PageSize: new(int32(1001))}, {PageSize: new(int32(-1))}, {NextToken: new("?")}, {Filter: map[string]string{"a": "b"}}} {
		if _, err := c.ListEmailIdentities(t.Context(), &in); code(err) != "BadRequestException" {
			t.Errorf("%+v: %v", in, err)
		}
	}
	w := httptest.NewRecorder() // as SDKs before this one list
	server.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/v2/email/identities?PageSize=24&NextToken=", nil))
	if w.Code != http.StatusOK || strings.Count(w.Body.String(), "IdentityName") != 24 || !strings.Contains(w.Body.String(), `"NextToken":"`) {
		t.Errorf("GET: %d %s", w.Code, w.Body)
	}
}

func TestFaultsOfV2(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := email.New(email.Config{})
		server.AddIdentities("example.com")
		server.SetFault(func(call email.Call) email.Fault {
			switch {
			case call.Action == "ListEmailIdentities":
				return email.Fault{Code: "TooManyRequestsException"}
			case call.Key == "example.com":
				return email.Fault{Code: "NotFoundException"}
			}
			return email.Fault{Hang: true}
		})
		c := clientV2(server)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := c.ListEmailIdentities(ctx, nil)
		if code(err) != "TooManyRequestsException" {
			t.Error(err)
		}
		if _, err = c.GetEmailIdentity(ctx, &sesv2.GetEmailIdentityInput{EmailIdentity: new("Example.com")}); code(err) != "NotFoundException" {
			t.Error(err)
		}
		if _, err = c.GetEmailIdentity(ctx, &sesv2.GetEmailIdentityInput{EmailIdentity: new("other.example")}); !strings.Contains(code(err), "deadline") {
			t.Error(err)
		}
	})
}
