package main

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// fate is what becomes of one call.
type fate string

// The fates.
const (
	proceeds fate = "proceeds"
	killed   fate = "the instance is killed before"
	lost     fate = "its answer is lost, the connection breaks"
	refused  fate = "it is not taken: the service fails"
	timesOut fate = "no answer comes, and it arrives later"
	killedAt fate = "the instance is killed meanwhile, and it arrives later"
)

// smallCall is a call that an instance is about to make, as data: it is made
// once the exploration says so.
type smallCall struct {
	kind   string // "read", "write", "put", "delete", "look", "answer", "letter" or "end"
	text   string // the policy that it is about, or an answer's body
	policy string // of a put
	keys   []string
	writes []smallWrite
	failed map[string]bool // of the response: the messages that are handed back
}

func (c smallCall) String() string { return c.kind + " " + c.text }

// fates are what may become of a call that does not proceed.
func (c smallCall) fates() []fate {
	switch c.kind {
	case "put", "delete":
		return []fate{killed, lost, refused, timesOut, killedAt}
	case "write":
		return []fate{killed, lost, refused, killedAt}
	case "answer", "letter":
		return []fate{killed, lost, refused}
	case "read", "look":
		return []fate{killed, refused}
	}
	return []fate{killed}
}

// told is what became of a call, as its caller knows it.
type told struct {
	fate    fate
	changed bool           // of a write: its condition did not hold
	rows    map[string]row // of a read
	text    string         // of a look: the policy
}

func (t told) String() string {
	var b strings.Builder
	fmt.Fprint(&b, t.fate, t.changed, t.text)
	for _, key := range slices.Sorted(maps.Keys(t.rows)) {
		b.WriteString(key + t.rows[key].String())
	}
	return b.String()
}

// death is thrown where an instance is killed.
type death struct{}

// recital is an invocation that is told again what it was told, up to the call
// that it would make next.
type recital struct {
	without  protection
	instance string // by which the ledger knows the instance
	history  []told
	made     []string // the ids of its writes
	seen     string   // the instance of the last intent
	next     smallCall
}

// make tells what became of the call; the first call that nothing is known of
// is the last.
func (r *recital) make(c smallCall) (told, error) {
	if len(r.history) == 0 {
		r.next = c
		panic(death{})
	}
	t := r.history[0]
	r.history = r.history[1:]
	switch t.fate {
	case proceeds:
		return t, nil
	case timesOut:
		return t, context.DeadlineExceeded
	case lost:
		return t, io.ErrUnexpectedEOF
	}
	return t, errRefused
}

var errRefused = errors.New("the connection is refused")

// BatchGetItem reads.
func (r *recital) BatchGetItem(_ context.Context, in *dynamodb.BatchGetItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.BatchGetItemOutput, error) {
	c := smallCall{kind: "read"}
	out := &dynamodb.BatchGetItemOutput{Responses: map[string][]attributeMap{}}
	for _, asked := range in.RequestItems {
		for _, key := range asked.Keys {
			c.keys = append(c.keys, keyOf(key))
		}
	}
	slices.Sort(c.keys)
	t, err := r.make(c)
	for table := range in.RequestItems {
		for _, row := range t.rows {
			out.Responses[table] = append(out.Responses[table], r.item(row))
		}
	}
	return out, err
}

// item is a row with what the invocation would have read.
func (r *recital) item(row row) attributeMap {
	item := maps.Clone(row.attributes)
	write := row.write
	if n := 0; scan(write, &n) {
		write = r.made[n]
	}
	item["Version"], item["Write"] = &types.AttributeValueMemberN{Value: row.version}, &types.AttributeValueMemberS{Value: write}
	if intent, ok := item["Intent"].(*types.AttributeValueMemberM); ok {
		leased := maps.Clone(intent.Value)
		instance, until := row.instance, time.Now().Add(-time.Minute)
		if instance == ownInstance {
			instance = r.instance
		}
		if row.leased {
			until = time.Now().Add(time.Hour)
		}
		leased["Instance"] = &types.AttributeValueMemberS{Value: instance}
		leased["Until"] = &types.AttributeValueMemberS{Value: until.Format(time.RFC3339Nano)}
		item["Intent"] = &types.AttributeValueMemberM{Value: leased}
	}
	return item
}

// ownInstance and ownWrite are the names that an invocation has for its own.
const (
	ownInstance = "own"
	ownWrite    = "own write %d"
)

func scan(write string, n *int) bool {
	_, err := fmt.Sscanf(write, ownWrite, n)
	return err == nil
}

// TransactWriteItems writes.
func (r *recital) TransactWriteItems(_ context.Context, in *dynamodb.TransactWriteItemsInput, _ ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	c := smallCall{kind: "write"}
	for _, write := range in.TransactItems {
		switch {
		case write.Delete != nil:
			c.writes = append(c.writes, smallWrite{key: keyOf(write.Delete.Key), deletes: true})
		case write.Put != nil:
			c.writes = append(c.writes, smallWrite{key: keyOf(write.Put.Item), condition: conditionOf(write.Put), row: r.row(write.Put.Item)})
		}
	}
	r.made = append(r.made, *in.ClientRequestToken)
	slices.SortFunc(c.writes, func(a, b smallWrite) int { return strings.Compare(a.key, b.key) })
	t, err := r.make(c)
	switch {
	case err != nil:
		return nil, err
	case t.changed:
		return nil, &types.TransactionCanceledException{CancellationReasons: []types.CancellationReason{{Code: aws.String("ConditionalCheckFailed")}}}
	}
	return &dynamodb.TransactWriteItemsOutput{}, nil
}

// row is an item in names.
func (r *recital) row(item attributeMap) row {
	item = maps.Clone(r.without.forget(item))
	made := row{version: textValue(item["Version"]), write: fmt.Sprintf(ownWrite, len(r.made))}
	for _, member := range []string{"Version", "Write", "At", "ExpiresAt"} {
		delete(item, member)
	}
	if intent, ok := item["Intent"].(*types.AttributeValueMemberM); ok {
		leased := maps.Clone(intent.Value)
		r.seen = textValue(leased["Instance"])
		if r.seen == r.instance {
			made.instance = ownInstance
		}
		until, err := time.Parse(time.RFC3339Nano, textValue(leased["Until"]))
		if err != nil {
			panic(err)
		}
		made.leased = time.Now().Before(until) && r.without != leases
		delete(leased, "Instance")
		delete(leased, "Until")
		item["Intent"] = &types.AttributeValueMemberM{Value: leased}
	}
	// The ledger does not read when an item was written.
	item["At"] = &types.AttributeValueMemberS{Value: "2026-01-01T00:00:00Z"}
	made.setAttributes(item)
	return made
}

// Query is refused.
func (*recital) Query(context.Context, *dynamodb.QueryInput, ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error) {
	panic("the function makes no queries")
}

// Do makes a call of SES or of the response bucket.
func (r *recital) Do(request *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return nil, err
	}
	c, answer := smallCall{kind: "answer", text: string(body)}, func(told) string { return "" }
	if request.Method != http.MethodPut {
		c, answer = callOfSES(string(body))
	}
	t, err := r.make(c)
	switch {
	case errors.Is(err, errRefused):
		return httpAnswer(http.StatusServiceUnavailable, "<html>Service Unavailable</html>"), nil
	case err != nil:
		return nil, err
	}
	return httpAnswer(http.StatusOK, answer(t)), nil
}

func httpAnswer(status int, body string) *http.Response {
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body))}
}

// callOfSES is the call that a form asks for, and SES's answer.
func callOfSES(body string) (smallCall, func(told) string) {
	form, err := url.ParseQuery(body)
	if err != nil {
		panic(err)
	}
	action, name := form.Get("Action"), form.Get("PolicyName")
	done := func(told) string { return sesResult(action, "") }
	switch action {
	case "PutIdentityPolicy":
		return smallCall{kind: "put", text: name, policy: form.Get("Policy")}, done
	case "DeleteIdentityPolicy":
		return smallCall{kind: "delete", text: name}, done
	}
	name = form.Get("PolicyNames.member.1")
	return smallCall{kind: "look", text: name}, func(t told) string {
		var escaped bytes.Buffer
		_ = xml.EscapeText(&escaped, []byte(t.text)) // a buffer takes everything
		if t.text == "" {
			return sesResult(action, "<Policies/>")
		}
		return sesResult(action, "<Policies><entry><key>"+name+"</key><value>"+escaped.String()+"</value></entry></Policies>")
	}
}

func sesResult(action, content string) string {
	return fmt.Sprintf(`<%[1]sResponse xmlns="http://ses.amazonaws.com/doc/2010-12-01/"><%[1]sResult>%[2]s</%[1]sResult></%[1]sResponse>`, action, content)
}

// SendMessage sends a letter.
func (r *recital) SendMessage(_ context.Context, in *sqs.SendMessageInput, _ ...func(*sqs.Options)) (*sqs.SendMessageOutput, error) {
	_, err := r.make(smallCall{kind: "letter", text: *in.MessageBody})
	return &sqs.SendMessageOutput{}, err
}

// ChangeMessageVisibilityBatch does nothing: the exploration decides what comes
// when.
func (*recital) ChangeMessageVisibilityBatch(context.Context, *sqs.ChangeMessageVisibilityBatchInput, ...func(*sqs.Options)) (*sqs.ChangeMessageVisibilityBatchOutput, error) {
	return &sqs.ChangeMessageVisibilityBatchOutput{}, nil
}
