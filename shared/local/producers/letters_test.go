package producers_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"sespolicy/shared/local"
	"sespolicy/shared/local/mapping"
	"sespolicy/shared/local/queue"
)

// A stack that was told FAILED has rolled back. Its request must have no effect
// when it is put back on the queue.
func TestRedrivenLetterOfAStackThatWasTold(t *testing.T) {
	w := start(t, local.Config{})
	r := newResource(w)
	refused := r.ask("Create", properties(publicPolicy()))
	r.expect(refused, "FAILED", refused.PhysicalResourceID)
	letters := w.DeadLetters().Snapshot()
	if len(letters) != 1 || letters[0].Attributes["AnsweredTo"].StringValue != "CloudFormation" {
		t.Fatalf("dead letters: %+v", letters)
	}
	letter := letters[0]
	client := sqs.New(sqs.Options{BaseEndpoint: &w.URL, Region: local.Region, Credentials: credentials.NewStaticCredentialsProvider("local", "local", "")})
	send := func(to *queue.Queue) string {
		t.Helper()
		attributes := map[string]types.MessageAttributeValue{}
		for name, attribute := range letter.Attributes {
			attributes[name] = types.MessageAttributeValue{DataType: aws.String(attribute.DataType), StringValue: aws.String(attribute.StringValue)}
		}
		sent, err := client.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: aws.String(to.URL()), MessageBody: aws.String(letter.Body), MessageAttributes: attributes})
		if err != nil {
			t.Fatal(err)
		}
		return *sent.MessageId
	}

	send(w.DeadLetters())
	if _, err := client.StartMessageMoveTask(t.Context(), &sqs.StartMessageMoveTaskInput{
		SourceArn: aws.String(w.DeadLetters().ARN()), DestinationArn: aws.String(w.Source().ARN()),
	}); err != nil {
		t.Fatal(err)
	}
	w.until("the two moved letters are refused", func([]mapping.Event) bool {
		refused := 0
		for _, request := range w.Requests() {
			if request.Code == "AlreadyAnswered" {
				refused++
			}
		}
		return refused >= 2
	})
	again := send(w.Source())
	w.await(again)
	if resent := w.request(again); resent.Outcome != "Rejected" || resent.Code != "AlreadyAnswered" {
		t.Errorf("sent again: %+v", resent)
	}
	if calls := w.Email.Calls(); len(calls) > 0 {
		t.Errorf("SES was called: %+v", calls)
	}
	if answers := w.Responses.Answers(); len(answers) != 1 {
		t.Errorf("the stack was told %d times", len(answers))
	}
	// It stays answered, however often it comes back.
	for _, left := range w.DeadLetters().Snapshot() {
		if left.Body != letter.Body || left.Attributes["AnsweredTo"].StringValue != "CloudFormation" {
			t.Errorf("dead letter %+v", left)
		}
	}

	// Without the reason's attributes it is known by StackId and RequestId: the
	// recorded decision is repeated.
	if again := w.sendAndAwait(letter.Body); again.Code != "GuardrailViolation" || len(w.Email.Calls()) > 0 {
		t.Errorf("asked again: %+v", again)
	}
}

// An execution that was told of the failure has gone on.
func TestRedrivenLetterOfATaskThatWasTold(t *testing.T) {
	w := start(t, local.Config{})
	token := strings.Repeat("AQCEAAAAKgAAAAMA", 8)
	w.sendAndAwait(`{"TaskToken":"` + token + `",` + bare("MyPolicy", publicPolicy())[1:])
	letter := w.DeadLetters().Snapshot()[0]
	if told := letter.Attributes["AnsweredTo"].StringValue; told != "StepFunctions" {
		t.Errorf("AnsweredTo %q", told)
	}
	sent, err := w.Source().Send(t.Context(), queue.Input{Body: letter.Body, Attributes: letter.Attributes})
	if err != nil {
		t.Fatal(err)
	}
	w.await(sent.MessageID)
	if got := w.request(sent.MessageID); got.Code != "AlreadyAnswered" {
		t.Errorf("%+v", got)
	}
	if answers := w.States.Answers(); len(answers) != 1 {
		t.Errorf("Step Functions was told %d times", len(answers))
	}
}
