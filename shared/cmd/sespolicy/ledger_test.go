package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/rogpeppe/go-internal/testscript"

	"sespolicy/shared/ledger"
	"sespolicy/shared/local/table"
	"sespolicy/shared/local/wire"
	"sespolicy/shared/message"
)

const cloudTable = "sespolicy-Ledger"

// ledgerCloud is the ledger of a script's cloud, and what the function does with
// what is on the queue.
type ledgerCloud struct {
	tables *table.Server
	ledger *ledger.Ledger

	mu       sync.Mutex
	function string          // Applied or Rejected; empty while it does nothing
	settled  map[string]bool // message ids
	clock    time.Time       // a second later for each request
}

func (c *ledgerCloud) startLedger() {
	c.tables = table.New()
	if err := c.tables.Create(cloudTable, "PK", "SK"); err != nil {
		panic(err)
	}
	c.ledger = ledger.New(dynamodb.New(dynamodb.Options{
		BaseEndpoint: aws.String("http://127.0.0.1"), Region: "us-east-1", HTTPClient: wire.Client{Handler: c.tables},
		Credentials: credentials.NewStaticCredentialsProvider("a", "b", ""),
	}), cloudTable)
	c.settled, c.clock = map[string]bool{}, time.Now().Add(-time.Hour).UTC().Truncate(time.Second)
}

// serveLedger serves the command, after the function has had its turn.
func (c *cloud) serveLedger(w http.ResponseWriter, r *http.Request, action string) {
	if action == "BatchGetItem" && c.function != "" {
		for _, m := range c.requests.Snapshot() {
			if !c.settled[m.ID] {
				if err := c.record(settled{ID: m.ID, Outcome: c.function, Code: "GuardrailViolation", Message: "no such principal\nhint: ask the owner"}, m.Body); err != nil {
					panic(err)
				}
			}
		}
	}
	c.tables.ServeHTTP(w, r)
}

// settled is a request that the ledger knows.
type settled struct {
	ID           string
	Outcome      string // Applied, Rejected or Waiting
	Code         string
	Message      string
	Told         bool
	Stack        string // StackId; empty for a request that no stack sent
	Notification string // SNS's MessageId
}

// settle has the ledger know a request: settle JSON FILE.
func (c *cloud) settle(ts *testscript.TestScript, arguments []string) {
	var s settled
	ts.Check(json.Unmarshal([]byte(arguments[0]), &s))
	c.locked(func() { ts.Check(c.record(s, ts.ReadFile(arguments[1]))) })
}

// record does what the function does with a request, in the ledger alone.
func (c *ledgerCloud) record(s settled, body string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.settled[s.ID] = true
	c.clock = c.clock.Add(time.Second)
	opened, _, _ := message.Open(events.SQSMessage{Body: body})
	r := ledger.Request{MessageID: s.ID, BodyDigest: ledger.Digest(body), NotificationID: s.Notification, Sent: c.clock, SenderID: "AIDAREQUESTER",
		Action: ledger.Action(cmp.Or(opened.Request.Action, message.Put)), Identity: opened.Request.Identity.Name, PolicyName: opened.Request.PolicyName, Text: opened.Request.Policy}
	if s.Stack != "" {
		r.Stack = &ledger.Stack{RequestType: "Create", StackID: s.Stack, RequestID: s.ID, LogicalID: "Policy"}
	}
	ctx := context.Background()
	v, err := c.ledger.Read(ctx, []ledger.Request{r})
	if err != nil {
		return err
	}
	d := v.Decide(r, &ledger.Seen{Name: ledger.Name{Identity: r.Identity, PolicyName: r.PolicyName}}, c.clock)
	switch {
	case s.Outcome == "Rejected":
		err = v.Record(ctx, r, ledger.Outcome{Kind: ledger.Rejected, Code: s.Code, Message: s.Message}, false, c.clock)
	case d.Do != ledger.Apply:
		return fmt.Errorf("got %+v, want Apply", d)
	default:
		err = v.Intend(ctx, r, d, c.clock.Add(time.Minute), c.clock)
		if err == nil && s.Outcome == "Waiting" {
			return v.Withdraw(ctx, r, ledger.Outcome{Code: s.Code, Message: s.Message}, true, c.clock)
		}
		if err == nil {
			err = v.Settle(ctx, r, d, c.clock)
		}
	}
	if err == nil && s.Told {
		err = v.NoteAnswer(ctx, r, ledger.Told, c.clock)
	}
	return err
}
