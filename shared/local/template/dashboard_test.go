package template

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// emitted are the metrics that AWS documents for the resources in the template, as namespace/name/dimensions.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
// https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
var emittedByAWS = []string{
	"AWS/SQS/ApproximateAgeOfOldestMessage/QueueName",
	"AWS/SQS/ApproximateNumberOfMessagesNotVisible/QueueName",
	"AWS/SQS/ApproximateNumberOfMessagesVisible/QueueName",
	"AWS/SQS/NumberOfMessagesSent/QueueName",
	"AWS/Lambda/Duration/FunctionName",
	"AWS/Lambda/Errors/FunctionName",
	"AWS/Lambda/Invocations/FunctionName",
	"AWS/Lambda/Throttles/FunctionName",
}

// emitted adds the function's own metrics, from its code.
func emitted(t *testing.T) []string {
	t.Helper()
	all := slices.Clone(emittedByAWS)
	namespace := constants(t, "metrics.go", "namespace")[0]
	for _, name := range constants(t, "metrics.go", "metric") {
		all = append(all, namespace+"/"+name+"/FunctionName")
	}
	return append(all, namespace+"/Rejected/FunctionName,Code", namespace+"/Retried/FunctionName,Cause")
}

// evaluated are the properties of one resource of the template under the given parameters.
func evaluated(t *testing.T, parameters map[string]string) map[string]resource {
	t.Helper()
	tmpl, err := Load(templateFile)
	if err != nil {
		t.Fatal(err)
	}
	r := newResolver(tmpl, Settings{Parameters: parameters})
	if err := r.readParameters(); err != nil {
		t.Fatal(err)
	}
	resources, err := r.resources()
	if err != nil {
		t.Fatal(err)
	}
	byID := map[string]resource{}
	for _, res := range resources {
		byID[res.logicalID] = res
	}
	return byID
}

// physicalNames are what the dimensions may say: a queue or function that the template makes.
var physicalNames = []string{"RequestQueue", "DeadLetterQueue", "ApplyPolicyFunction"}

type alarm struct {
	AlarmDescription, Namespace, MetricName, TreatMissingData string
	Dimensions                                                []struct{ Name, Value string }
	AlarmActions, OKActions                                   []string
	Period, EvaluationPeriods                                 int
}

func alarms(t *testing.T, parameters map[string]string) map[string]alarm {
	t.Helper()
	found := map[string]alarm{}
	for id, res := range evaluated(t, parameters) {
		if res.kind != "AWS::CloudWatch::Alarm" {
			continue
		}
		var a alarm
		if err := json.Unmarshal([]byte(res.properties.json()), &a); err != nil {
			t.Fatalf("%s: %v", id, err)
		}
		found[id] = a
	}
	return found
}

func TestAlarmsWatchWhatIsEmitted(t *testing.T) {
	known := emitted(t)
	found := alarms(t, nil)
	want := []string{"AccessDeniedAlarm", "DeadLettersAlarm", "FunctionErrorsAlarm", "OldestRequestAlarm", "ThrottledBySESAlarm"}
	if got := slices.Sorted(maps.Keys(found)); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	for id, a := range found {
		var names []string
		for _, d := range a.Dimensions {
			names = append(names, d.Name)
			if d.Name != "Cause" && !slices.Contains(physicalNames, d.Value) {
				t.Errorf("%s: dimension %s is %q, which the template does not make", id, d.Name, d.Value)
			}
		}
		if metric := a.Namespace + "/" + a.MetricName + "/" + strings.Join(names, ","); !slices.Contains(known, metric) {
			t.Errorf("%s: nobody emits %s", id, metric)
		}
		if len(a.AlarmDescription) < 100 || len(a.AlarmDescription) > 1024 {
			t.Errorf("%s: a description says what to do, in at most 1024 characters: %q", id, a.AlarmDescription)
		}
		if a.TreatMissingData != "notBreaching" {
			t.Errorf("%s: nothing to do is no alarm", id)
		}
		if len(a.AlarmActions)+len(a.OKActions) != 0 {
			t.Errorf("%s: notifies without a topic", id)
		}
	}
}

func TestAlarmsNotifyTheTopic(t *testing.T) {
	topic := []string{"arn:aws:sns:us-east-1:123456789012:alarms"}
	for id, a := range alarms(t, map[string]string{"AlarmTopicArn": topic[0]}) {
		if !slices.Equal(a.AlarmActions, topic) || !slices.Equal(a.OKActions, topic) {
			t.Errorf("%s: got %v and %v, want %v", id, a.AlarmActions, a.OKActions, topic)
		}
	}
}

// The cause that the alarm waits for is one that the function's code knows.
func TestAccessDeniedIsACause(t *testing.T) {
	causes := constants(t, "../../shared/outcome/delay.go", "cause")
	for _, d := range alarms(t, nil)["AccessDeniedAlarm"].Dimensions {
		if d.Name == "Cause" && !slices.Contains(causes, d.Value) {
			t.Errorf("there is no cause %s in %v", d.Value, causes)
		}
	}
}

type widget struct {
	Type                string
	X, Y, Width, Height int
	Properties          struct {
		Title, Region, Query string
		Metrics              [][]json.RawMessage
	}
}

// search picks namespace, dimensions, metric and function out of a SEARCH expression.
var search = regexp.MustCompile(`^SEARCH\('\{([^,]+),([^}]+)\} MetricName="([^"]+)" FunctionName="([^"]+)"', 'Sum', 300\)$`)

// metricOf names a widget's metric as emitted does.
func metricOf(row []json.RawMessage) (metric, of string, err error) {
	var expression struct{ Expression string }
	if json.Unmarshal(row[0], &expression) == nil && expression.Expression != "" {
		parts := search.FindStringSubmatch(expression.Expression)
		if parts == nil {
			return "", "", fmt.Errorf("expression %s", expression.Expression)
		}
		return parts[1] + "/" + parts[3] + "/" + parts[2], parts[4], nil
	}
	var words [4]string
	for i := range words {
		if i >= len(row) || json.Unmarshal(row[i], &words[i]) != nil {
			return "", "", fmt.Errorf("row %s", row)
		}
	}
	return strings.Join(words[:3], "/"), words[3], nil
}

func TestDashboardShowsWhatIsEmitted(t *testing.T) {
	var body struct{ Widgets []widget }
	text := evaluated(t, nil)["Dashboard"].properties.member("DashboardBody").text
	if err := json.Unmarshal([]byte(text), &body); err != nil {
		t.Fatal(err)
	}
	known := emitted(t)
	shown := map[string]bool{}
	for _, w := range body.Widgets {
		if w.X+w.Width > 24 || w.Properties.Title == "" || w.Properties.Region != "us-east-1" {
			t.Errorf("%q: does not fit 24 columns, or has no title or Region", w.Properties.Title)
		}
		if (w.Type == "log") != (w.Properties.Query != "") || (w.Type == "metric") != (len(w.Properties.Metrics) > 0) {
			t.Errorf("%q: a log widget has a query, a metric widget has metrics", w.Properties.Title)
		}
		for _, row := range w.Properties.Metrics {
			metric, of, err := metricOf(row)
			if err != nil {
				t.Errorf("%q: %v", w.Properties.Title, err)
				continue
			}
			if !slices.Contains(known, metric) || !slices.Contains(physicalNames, of) {
				t.Errorf("%q: nobody emits %s of %s", w.Properties.Title, metric, of)
			}
			shown[metric] = true
		}
	}
	for _, metric := range known {
		if !shown[metric] {
			t.Errorf("no widget shows %s", metric)
		}
	}
}

// The fields that the dashboard's log table shows are fields of the function's log line.
func TestLogTableShowsFieldsOfTheLog(t *testing.T) {
	text := evaluated(t, nil)["Dashboard"].properties.member("DashboardBody").text
	for _, field := range []string{"identity", "policyName", "code", "reason", "messageId", "outcome"} {
		if !strings.Contains(text, field) {
			t.Errorf("the table does not speak of %s", field)
		}
		if !strings.Contains(source(t, "log.go"), `"`+field+`"`) {
			t.Errorf("the function's log line has no %s", field)
		}
	}
}
