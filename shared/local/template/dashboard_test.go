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

// emitted are the metrics that the resources of the template emit, as namespace/name/dimensions: the services', as AWS
// documents them, and the function's own.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
// https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
var emitted = []string{
	"AWS/SQS/ApproximateAgeOfOldestMessage/QueueName",
	"AWS/SQS/ApproximateNumberOfMessagesNotVisible/QueueName",
	"AWS/SQS/ApproximateNumberOfMessagesVisible/QueueName",
	"AWS/SQS/NumberOfMessagesReceived/QueueName",
	"AWS/SQS/NumberOfMessagesSent/QueueName",
	"AWS/Lambda/Duration/FunctionName",
	"AWS/Lambda/Errors/FunctionName",
	"AWS/Lambda/Invocations/FunctionName",
	"AWS/Lambda/PolledEventCount/EventSourceMappingUUID",
	"AWS/Lambda/Throttles/FunctionName",
	"sespolicy/Applied/FunctionName",
	"sespolicy/BatchSize/FunctionName",
	"sespolicy/CallTime/FunctionName",
	"sespolicy/Deleted/FunctionName",
	"sespolicy/PacingTime/FunctionName",
	"sespolicy/QueueTime/FunctionName",
	"sespolicy/Rejected/FunctionName",
	"sespolicy/Rejected/FunctionName,Code",
	"sespolicy/ReplyFailed/FunctionName",
	"sespolicy/Retried/FunctionName",
	"sespolicy/Retried/FunctionName,Cause",
	"sespolicy/Superseded/FunctionName",
	"sespolicy/Throttled/FunctionName",
}

// evaluated are the resources of a template under the given parameters.
func evaluated(t *testing.T, tmpl *Template, parameters map[string]string) map[string]resource {
	t.Helper()
	r, err := newResolver(tmpl, Settings{Parameters: parameters})
	if err != nil {
		t.Fatal(err)
	}
	resources, err := r.resources()
	if err != nil {
		t.Fatal(err)
	}
	byID := map[string]resource{}
	for _, res := range resources {
		byID[res.name] = res
	}
	return byID
}

// physicalNames are what the dimensions may say: a queue, a function or a mapping that the template makes.
var physicalNames = []string{"RequestQueue", "DeadLetterQueue", "ApplyPolicyFunction", "ApplyPolicyFunctionRequests"}

type metric struct {
	Namespace, MetricName string
	Dimensions            []struct{ Name, Value string }
}

// name is the metric as emitted has it.
func (m metric) name() string {
	var names []string
	for _, d := range m.Dimensions {
		names = append(names, d.Name)
	}
	return m.Namespace + "/" + m.MetricName + "/" + strings.Join(names, ",")
}

type alarm struct {
	metric
	AlarmDescription, TreatMissingData string
	Metrics                            []struct {
		ID, Expression string
		ReturnData     bool
		MetricStat     struct{ Metric metric }
	}
	AlarmActions, OKActions []string
}

// metrics are those that the alarm watches, itself or by an expression.
func (a alarm) metrics() []metric {
	if len(a.Metrics) == 0 {
		return []metric{a.metric}
	}
	var all []metric
	for _, m := range a.Metrics {
		if m.Expression == "" {
			all = append(all, m.MetricStat.Metric)
		}
	}
	return all
}

func alarms(t *testing.T, parameters map[string]string) map[string]alarm {
	t.Helper()
	found := map[string]alarm{}
	for id, res := range evaluated(t, load(t), parameters) {
		if res.kind != "AWS::CloudWatch::Alarm" {
			continue
		}
		var a alarm
		if err := json.Unmarshal([]byte(toJSON(res.properties)), &a); err != nil {
			t.Fatalf("%s: %v", id, err)
		}
		found[id] = a
	}
	return found
}

// watched are the alarms, and the code or cause of those that watch one.
var watched = map[string]string{
	"AccessDeniedAlarm": "AccessDenied", "DeadLettersAlarm": "", "FunctionErrorsAlarm": "", "GuardrailViolationsAlarm": "GuardrailViolation",
	"LedgerUnavailableAlarm": "LedgerUnavailable", "NewDeadLettersAlarm": "", "NotPolledAlarm": "", "OldestRequestAlarm": "",
	"ReplyFailedAlarm": "", "ThrottledBySESAlarm": "",
}

func TestAlarmsWatchWhatIsEmitted(t *testing.T) {
	found := alarms(t, nil)
	if got, want := slices.Sorted(maps.Keys(found)), slices.Sorted(maps.Keys(watched)); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	for id, a := range found {
		value := ""
		for _, m := range a.metrics() {
			if !slices.Contains(emitted, m.name()) {
				t.Errorf("%s: nothing emits %s", id, m.name())
			}
			for _, d := range m.Dimensions {
				if d.Name == "Cause" || d.Name == "Code" {
					value = d.Value
				} else if !slices.Contains(physicalNames, d.Value) {
					t.Errorf("%s: dimension %s is %q, which the template does not make", id, d.Name, d.Value)
				}
			}
		}
		if value != watched[id] {
			t.Errorf("%s: watches code or cause %q, want %q", id, value, watched[id])
		}
		if len(a.AlarmDescription) < 100 || len(a.AlarmDescription) > 1024 {
			t.Errorf("%s: got a description of %d characters, want what to do in 100 to 1024", id, len(a.AlarmDescription))
		}
		if a.TreatMissingData != "notBreaching" {
			t.Errorf("%s: an idle function raises it", id)
		}
		if len(a.AlarmActions)+len(a.OKActions) != 0 {
			t.Errorf("%s: notifies without a topic", id)
		}
	}
}

// An expression uses all of its alarm's metrics, and the alarm watches the expression alone.
func TestAlarmExpressions(t *testing.T) {
	word := regexp.MustCompile(`[a-z]+`)
	for id, a := range alarms(t, nil) {
		var ids, used []string
		for _, m := range a.Metrics {
			if m.ReturnData != (m.Expression != "") {
				t.Errorf("%s: returns the data of %s: %v", id, m.ID, m.ReturnData)
			}
			if m.Expression == "" {
				ids = append(ids, m.ID)
			} else {
				used = word.FindAllString(m.Expression, -1)
			}
		}
		slices.Sort(ids)
		slices.Sort(used)
		if !slices.Equal(ids, slices.Compact(used)) {
			t.Errorf("%s: metrics %v, its expression uses %v", id, ids, used)
		}
	}
}

func TestAlarmsNotifyTheTopic(t *testing.T) {
	topic := []string{"arn:aws:sns:us-east-1:123456789012:alarms"}
	for id, a := range alarms(t, map[string]string{"AlarmTopicArn": topic[0]}) {
		// OK says of new dead letters only that no further one came.
		onOK := topic
		if id == "NewDeadLettersAlarm" {
			onOK = nil
		}
		if !slices.Equal(a.AlarmActions, topic) || !slices.Equal(a.OKActions, onOK) {
			t.Errorf("%s: got %v and %v, want %v and %v", id, a.AlarmActions, a.OKActions, topic, onOK)
		}
	}
}

// The function's metrics, the codes and the causes are in its code.
func TestMetricsAreInTheCode(t *testing.T) {
	code := slices.Concat(literals(t, "functions/apply-policy"), literals(t, "shared/outcome"), literals(t, "shared/check"), literals(t, "shared/finding"))
	for _, name := range emitted {
		if parts := strings.Split(name, "/"); parts[0] == "sespolicy" && parts[1] != "ReplyFailed" && !slices.Contains(code, parts[1]) {
			t.Errorf("no code emits %s", name)
		}
	}
	if !slices.Contains(code, "AccessDenied") {
		t.Error("no code knows the cause AccessDenied")
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

// metricOf names a widget's metric as emitted does. An expression over other rows has no name.
func metricOf(row []json.RawMessage) (metric, of string, err error) {
	var expression struct{ Expression string }
	if json.Unmarshal(row[0], &expression) == nil && expression.Expression != "" {
		if !strings.HasPrefix(expression.Expression, "SEARCH") {
			return "", "", nil
		}
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
	dashboard := text(evaluated(t, load(t), nil)["Dashboard"].properties, "DashboardBody")
	if err := json.Unmarshal([]byte(dashboard), &body); err != nil {
		t.Fatal(err)
	}
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
			if metric == "" {
				continue
			}
			if !slices.Contains(emitted, metric) || !slices.Contains(physicalNames, of) {
				t.Errorf("%q: nothing emits %s of %s", w.Properties.Title, metric, of)
			}
			shown[metric] = true
		}
	}
	for _, metric := range emitted {
		if !shown[metric] {
			t.Errorf("no widget shows %s", metric)
		}
	}
}

// The fields that the dashboard's log table shows are fields of the function's log line.
func TestLogTableShowsFieldsOfTheLog(t *testing.T) {
	dashboard := text(evaluated(t, load(t), nil)["Dashboard"].properties, "DashboardBody")
	code := literals(t, "functions/apply-policy")
	for _, field := range []string{"identity", "policyName", "code", "reason", "messageId", "outcome"} {
		if !strings.Contains(dashboard, field) || !slices.Contains(code, field) {
			t.Errorf("%s is not in both the table and the function's log line", field)
		}
	}
}
