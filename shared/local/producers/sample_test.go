package producers_test

import (
	"maps"
	"path/filepath"
	"strings"
	"testing"

	"sespolicy/shared/local"
)

// The sample stack, deployed as it stands.
func TestSampleStack(t *testing.T) {
	w := start(t, local.Config{})
	properties := sampleProperties(t, "events/stack.yaml", map[string]string{"RequestTopicArn": w.topicARN()})
	if properties["ServiceToken"] != w.topicARN() {
		t.Errorf("the service token is %v", properties["ServiceToken"])
	}
	r := newResource(w)
	r.expect(r.deploy(properties), "SUCCESS", "example.com/orders-service")
	if len(w.policies()) != 1 || !strings.Contains(w.policies()["orders-service"], `"arn:aws:ses:us-east-1:123456789012:identity/example.com"`) {
		t.Errorf("SES has %v", w.policies())
	}
	if told := w.told(); strings.Contains(told, `"warnings"`) {
		t.Errorf("the sample earns warnings: %s", told)
	}
	r.expect(r.ask("Delete", r.properties), "SUCCESS", "example.com/orders-service")
	expectPolicies(t, w, nil)
}

// sampleProperties are those of the resource SendingPolicy in a template of the
// project, with parameters in place of their defaults.
func sampleProperties(t *testing.T, path string, parameters map[string]string) map[string]any {
	t.Helper()
	sample := parse[struct {
		Parameters map[string]struct {
			Default string `yaml:"Default"`
		} `yaml:"Parameters"`
		Resources resources `yaml:"Resources"`
	}](t, readFile(t, filepath.Join(root, path)))
	known := map[string]string{"AWS::Partition": "aws", "AWS::Region": local.Region, "Owner": local.Account}
	for name, parameter := range sample.Parameters {
		known[name] = parameter.Default
	}
	maps.Copy(known, parameters)
	return resolve(sample.Resources["SendingPolicy"].Properties, known).(map[string]any)
}

// resolve does what CloudFormation does to the intrinsic functions that the
// sample uses: the reader leaves of !Ref NAME the name, of !Sub TEXT the text
// or a list of the text and its variables, which are known.
func resolve(value any, known map[string]string) any {
	switch value := value.(type) {
	case map[string]any:
		resolved := maps.Clone(value)
		for name, each := range value {
			resolved[name] = resolve(each, known)
		}
		return resolved
	case []any:
		if text, ok := value[0].(string); ok && strings.Contains(text, "${") {
			return resolve(text, known)
		}
		resolved := make([]any, len(value))
		for i, each := range value {
			resolved[i] = resolve(each, known)
		}
		return resolved
	case string:
		if ref, ok := known[value]; ok {
			return ref
		}
		for name, each := range known {
			value = strings.ReplaceAll(value, "${"+name+"}", each)
		}
		return value
	}
	return value
}
