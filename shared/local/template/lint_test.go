package template

import (
	"maps"
	"math/rand/v2"
	"os/exec"
	"testing"
)

// cfn-lint accepts the templates under drawn combinations of parameters. Where it is not installed there is nothing to run.
func TestCfnLint(t *testing.T) {
	tool, err := exec.LookPath("cfn-lint")
	if err != nil {
		t.Log("cfn-lint is not installed")
		return
	}
	for _, parameters := range []map[string]string{nil, draw()} {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			deployed(t, parameters)
			arguments := []string{"../../../template.yaml", "../../../events/stack.yaml", "../../../events/request-topic.yaml"}
			if len(parameters) > 0 { // They are template.yaml's alone.
				arguments = []string{arguments[0], "--parameters"}
			}
			for name, value := range parameters {
				arguments = append(arguments, name+"="+value)
			}
			if out, err := exec.CommandContext(t.Context(), tool, arguments...).CombinedOutput(); err != nil {
				t.Errorf("%v with %v:\n%s", err, parameters, out)
			}
		})
	}
}

// draw leaves each parameter at its default or not, and adds what the rules demand.
func draw() map[string]string {
	drawn := maps.Clone(others)
	maps.DeleteFunc(drawn, func(string, string) bool { return rand.IntN(2) == 0 })
	if drawn["RequestEventBusName"]+drawn["ProducerOrganizationId"] != "" {
		drawn["AllowedPolicyNames"], drawn["AllowedPrincipals"] = "*", "*"
	}
	return drawn
}
