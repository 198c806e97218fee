package guardrail_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sespolicy/shared/document"
	"sespolicy/shared/finding"
	"sespolicy/shared/guardrail"
	"sespolicy/shared/identity"
	"sespolicy/shared/policy"
)

// refusedByDefault are the guardrails, as they are by default, that refuse
// policies of the collection beside the project which SES accepts. All others
// pass.
var refusedByDefault = map[string][]string{
	"002-aws-docs-anatomy-management-actions.json":  {guardrail.AllowedActions},
	"014-aws-docs-identity-mgmt-account.json":       {guardrail.AllowedActions},
	"016-aws-docs-identity-mgmt-mailfrom.json":      {guardrail.AllowedActions},
	"020-aws-docs-cognito-2018-no-condition.json":   {guardrail.AllowPublicPrincipal},
	"022-aws-docs-pinpoint-govcloud.json":           {guardrail.AllowedActions},
	"026-tf-acc-domain-star-empty-sid.json":         {guardrail.AllowPublicPrincipal},
	"028-tf-acc-email-star.json":                    {guardrail.AllowPublicPrincipal},
	"034-endgame-readback-two-statements.json":      {guardrail.AllowedActions},
	"038-binxio-issue17-cognito-string.json":        {guardrail.AllowPublicPrincipal},
	"044-nava-deny-all-but-cognito-slr.json":        {guardrail.AllowBroadDeny},
	"046-boardgame-cognito-domain.json":             {guardrail.AllowPublicPrincipal},
	"048-moj-ppud-numeric-sid-recipients-list.json": {guardrail.AllowPublicPrincipal},
	"050-noq-deny-external-foranyvalue.json":        {guardrail.AllowBroadDeny},
	"058-pinpoint-terraform.json":                   {guardrail.AllowedActions},
	"066-userpool-send-email-sid.json":              {guardrail.AllowPublicPrincipal},
	"068-service-ses-principal.json":                {guardrail.AllowPublicPrincipal},
	"070-mail-from-domain-dashes-name.json":         {guardrail.AllowPublicPrincipal},
	"018-notprincipal-deny.json":                    {guardrail.AllowBroadDeny},
	"020-notresource.json":                          {guardrail.AllowBroadDeny},
}

// switches turn off one guardrail each.
var switches = map[string]string{
	guardrail.AllowedActions:          "*",
	guardrail.AllowBroadDeny:          "true",
	guardrail.AllowPublicPrincipal:    "true",
	guardrail.RequireMatchingResource: "false",
}

// TestCorpus runs the guardrails over these policies: each refusal by name, and
// gone with the switches of exactly the guardrails that refused.
func TestCorpus(t *testing.T) {
	var files []string
	for _, folder := range []string{"must-accept", "must-not-reject"} {
		list, _ := filepath.Glob("../../../shared/corpus/" + folder + "/*.json")
		files = append(files, list...)
	}
	if len(files) == 0 {
		t.Skip("no corpus beside the project")
	}
	for _, file := range files {
		id, name, p := readCase(t, file)
		rules := rulesOf(check(guardOf(t, nil), id, name, p))
		if diff := cmp.Diff(refusedByDefault[filepath.Base(file)], rules); diff != "" {
			t.Errorf("%s (-want +got):\n%s", file, diff)
		}
		off := map[string]string{}
		for i, rule := range rules {
			if i > 0 && check(guardOf(t, off), id, name, p) == nil {
				t.Errorf("%s: passes before %s is switched off", file, rule)
			}
			off[rule] = switches[rule]
		}
		if found := check(guardOf(t, off), id, name, p); found != nil {
			t.Errorf("%s: refused with %v: %v", file, off, found)
		}
	}
}

// guardOf is the guardrails of a deployment that sets some variables.
func guardOf(t testing.TB, variables map[string]string) *guardrail.Guardrail {
	t.Helper()
	c, err := guardrail.Read(func(variable string) string { return variables[variable] })
	if err != nil {
		t.Fatal(err)
	}
	g, err := guardrail.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// rulesOf are the rules of findings, each once, sorted.
func rulesOf(findings []finding.Finding) []string {
	var rules []string
	for _, f := range findings {
		rules = append(rules, f.Rule)
	}
	slices.Sort(rules)
	return slices.Compact(rules)
}

func readCase(t *testing.T, file string) (identity.Identity, string, *policy.Policy) {
	t.Helper()
	var c struct {
		Identity, PolicyName string
		Policy               json.RawMessage
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &c); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	var inner string
	if json.Unmarshal(c.Policy, &inner) == nil {
		c.Policy = json.RawMessage(inner)
	}
	id, err := identity.Parse(c.Identity)
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	doc, _ := document.Read(c.Policy)
	p, _ := policy.Check(doc.Root(), id)
	return id, c.PolicyName, p
}
