package producers_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"sespolicy/shared/local"
	"sespolicy/shared/local/queue"
)

// A stack that was told FAILED has rolled back. Its request must have no effect
// when it is put back on the queue, though by now nothing refuses it.
func TestRedrivenLetterOfAStackThatWasTold(t *testing.T) {
	fenced := start(t, local.Config{})
	r := newResource(fenced)
	refused := r.ask("Create", properties(publicPolicy()))
	r.expect(refused, "FAILED", refused.PhysicalResourceID)
	letters := fenced.DeadLetters().Snapshot()
	if len(letters) != 1 || letters[0].Attributes["AnsweredTo"].StringValue != "CloudFormation" {
		t.Fatalf("dead letters: %+v", letters)
	}
	letter := letters[0]
	address := strings.TrimPrefix(fenced.URL, "http://")
	fenced.Close()

	// The same deployment, its guardrail switched off.
	w := start(t, local.Config{Listen: address, Parameters: map[string]string{"AllowPublicPrincipal": "true"}})
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
	if moved := w.settled("SendingPolicy"); moved.Outcome != "Rejected" || moved.Code != "AlreadyAnswered" {
		t.Errorf("moved: %+v", moved)
	}
	again := send(w.Source())
	w.await(again)
	if resent := w.request(again); resent.Outcome != "Rejected" || resent.Code != "AlreadyAnswered" {
		t.Errorf("sent again: %+v", resent)
	}
	if calls := w.Email.Calls(); len(calls) > 0 {
		t.Errorf("SES was called: %+v", calls)
	}
	if answers := w.Responses.Answers(); len(answers) > 0 {
		t.Errorf("the stack was told again: %+v", answers)
	}
	// It stays answered, however often it comes back.
	for _, left := range w.DeadLetters().Snapshot() {
		if left.Body != letter.Body || left.Attributes["AnsweredTo"].StringValue != "CloudFormation" {
			t.Errorf("dead letter %+v", left)
		}
	}

	// Without that mark nothing is left that refuses it.
	if asked := w.sendAndAwait(letter.Body); asked.Outcome != "Applied" {
		t.Errorf("asked again: %+v", asked)
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
