package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/rogpeppe/go-internal/testscript"

	"sespolicy/shared/ledger"
	"sespolicy/shared/local/email"
	"sespolicy/shared/local/table"
)

// accountCloud is a cloud with SES in two Regions, a ledger, and STS.
type accountCloud struct {
	*cloud
	ses    map[string]*email.Server // by Region
	tables *table.Server
	server *httptest.Server
}

func newAccountCloud(t interface{ Cleanup(func()) }) *accountCloud {
	c := &accountCloud{ses: map[string]*email.Server{}, tables: table.New()}
	for _, region := range []string{"us-east-1", "eu-west-1"} {
		c.ses[region] = email.New(email.Config{Region: region, MinInterval: -1})
	}
	if err := c.tables.Create("Ledger", "PK", "SK"); err != nil {
		panic(err)
	}
	var queues *httptest.Server
	c.cloud, queues = newCloud()
	c.table = "Ledger"
	c.server = httptest.NewServer(c)
	t.Cleanup(func() { c.server.Close(); queues.Close() })
	return c
}

func (c *accountCloud) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	region := "us-east-1"
	if scope := strings.Split(r.Header.Get("Authorization"), "/"); len(scope) > 2 {
		region = scope[2]
	}
	switch {
	case strings.HasPrefix(r.URL.Path, email.PathPrefix):
		c.ses[region].ServeHTTP(w, r)
	case strings.HasPrefix(r.Header.Get("X-Amz-Target"), table.TargetPrefix):
		c.tables.ServeHTTP(w, r)
	case r.Header.Get("X-Amz-Target") == "" && r.PostFormValue("Action") == "GetCallerIdentity":
		_, _ = fmt.Fprint(w, `<GetCallerIdentityResponse><GetCallerIdentityResult><Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`)
	default:
		c.cloud.ServeHTTP(w, r)
	}
}

// put puts a policy on an identity of a Region.
func (c *accountCloud) put(region, identity, name, policy string) error {
	form := url.Values{"Version": {"2010-12-01"}, "Action": {"PutIdentityPolicy"}, "Identity": {identity}, "PolicyName": {name}, "Policy": {policy}}
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	if c.ses[region].ServeHTTP(w, r); w.Code != http.StatusOK {
		return fmt.Errorf("putting %s on %s: %s", name, identity, w.Body)
	}
	return nil
}

// record settles a put in the ledger, as the function does.
func (c *accountCloud) record(r ledger.Request) error {
	client := dynamodb.New(dynamodb.Options{Region: "us-east-1", BaseEndpoint: &c.server.URL, Credentials: aws.NewCredentialsCache(credentials.NewStaticCredentialsProvider("a", "b", ""))})
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	r.Sent, r.Action, r.SenderID = now, ledger.Put, "AROAEXAMPLE:deploy"
	v, err := ledger.New(client, "Ledger").Read(context.Background(), []ledger.Request{r})
	if err != nil {
		return err
	}
	d := v.Decide(r, nil, now)
	if d.Do == ledger.AskExists {
		d = v.Decide(r, &ledger.Seen{Name: d.Change.Name}, now)
	}
	if err := v.Intend(context.Background(), r, d, now.Add(time.Minute), now); err != nil {
		return err
	}
	return v.Settle(context.Background(), r, d, now)
}

// policyFor is the text of a policy of a script, with the identity's ARN for
// ARN in it.
func policyFor(region, identity string, text []byte) string {
	return strings.ReplaceAll(string(text), "ARN", "arn:aws:ses:"+region+":123456789012:identity/"+identity)
}

// TestAccountScripts runs the scripts of testdata/account against an account.
//
//	policies REGION FILE         puts policies there: {IDENTITY: {NAME: POLICY}}
//	ledger FILE [STACK RESOURCE] records policies of us-east-1 as put by requests, or by a stack
//	identities REGION NAME…      adds identities without policies
//	broken REGION NAME CODE      GetEmailIdentity fails for the identity; for *, the list does
//	fits, plain, queued          as in TestScripts
func TestAccountScripts(t *testing.T) {
	type script = func(c *accountCloud, ts *testscript.TestScript, arguments []string)
	command := func(do script) func(*testscript.TestScript, bool, []string) {
		return func(ts *testscript.TestScript, _ bool, arguments []string) {
			do(ts.Value(cloudKey{}).(*accountCloud), ts, arguments)
		}
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata/account",
		Setup: func(e *testscript.Env) error {
			c := newAccountCloud(t)
			e.Values[cloudKey{}] = c
			for name, value := range map[string]string{
				"ENDPOINT": c.server.URL, "TMPDIR": e.WorkDir + "/.tmp", "HOME": e.WorkDir, "QUEUE_ARN": c.requests.ARN(),
				"AWS_ENDPOINT_URL": c.server.URL, "AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b",
				"AWS_EC2_METADATA_DISABLED": "true",
			} {
				e.Setenv(name, value)
			}
			return os.MkdirAll(e.WorkDir+"/.tmp", 0o700)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"policies": command(func(c *accountCloud, ts *testscript.TestScript, a []string) {
				for identity, policies := range readPolicies(ts, a[1]) {
					for name, text := range policies {
						ts.Check(c.put(a[0], identity, name, policyFor(a[0], identity, text)))
					}
				}
			}),
			"ledger": command(func(c *accountCloud, ts *testscript.TestScript, a []string) {
				for identity, policies := range readPolicies(ts, a[0]) {
					for name, text := range policies {
						r := ledger.Request{MessageID: identity + name, Identity: identity, PolicyName: name, Text: policyFor("us-east-1", identity, text)}
						if len(a) > 1 {
							r.Stack = &ledger.Stack{RequestType: "Create", StackID: "arn:aws:cloudformation:us-east-1:123456789012:stack/" + a[1] + "/uuid", RequestID: name, LogicalID: a[2]}
						}
						ts.Check(c.record(r))
					}
				}
			}),
			"identities": command(func(c *accountCloud, _ *testscript.TestScript, a []string) { c.ses[a[0]].AddIdentities(a[1:]...) }),
			"broken": command(func(c *accountCloud, _ *testscript.TestScript, a []string) {
				c.ses[a[0]].SetFault(func(call email.Call) email.Fault {
					if call.Identity == a[1] || a[1] == "*" && call.Action == "ListEmailIdentities" {
						return email.Fault{Code: a[2], Message: "broken", Status: http.StatusForbidden}
					}
					return email.Fault{}
				})
			}),
			"fits":   command(func(_ *accountCloud, ts *testscript.TestScript, a []string) { fits(ts, a) }),
			"plain":  command(func(_ *accountCloud, ts *testscript.TestScript, a []string) { plain(ts, a[0]) }),
			"queued": command(func(c *accountCloud, ts *testscript.TestScript, n []string) { want(ts, n, len(c.requests.Snapshot())) }),
		},
	})
}

func readPolicies(ts *testscript.TestScript, file string) map[string]map[string]json.RawMessage {
	var all map[string]map[string]json.RawMessage
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(file)), &all))
	return all
}
