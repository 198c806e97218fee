package producers_test

import (
	"strings"
	"testing"

	"sespolicy/shared/local"
)

func TestStackLife(t *testing.T) {
	w := start(t, local.Config{})
	r := newResource(w)

	created := r.deploy(properties(policy("One")))
	r.expect(created, "SUCCESS", "example.com/MyPolicy")
	if created.Data["Identity"] != "example.com" || created.Data["PolicyName"] != "MyPolicy" {
		t.Errorf("Fn::GetAtt has %v", created.Data)
	}
	expectPolicies(t, w, map[string]string{"MyPolicy": policy("One")})

	r.expect(r.deploy(properties(policy("Two"))), "SUCCESS", "example.com/MyPolicy")
	expectPolicies(t, w, map[string]string{"MyPolicy": policy("Two")})

	r.expect(r.deploy(with(properties(policy("Two")), "PolicyName", "Another")), "SUCCESS", "example.com/Another")
	expectPolicies(t, w, map[string]string{"Another": policy("Two")})

	r.expect(r.ask("Delete", r.properties), "SUCCESS", "example.com/Another")
	expectPolicies(t, w, nil)
	r.expect(r.ask("Delete", r.properties), "SUCCESS", "example.com/Another") // it is gone already
	if letters := w.letters(); len(letters) > 0 {
		t.Errorf("dead letters: %v", letters)
	}
}

// A refused create must leave alone what was there before, and so must the
// delete that its rollback sends.
func TestRefusedCreateOverAnExistingPolicy(t *testing.T) {
	w := start(t, local.Config{})
	w.sendAndAwait(bare("MyPolicy", policy("Existing")))
	calls := len(w.Email.Calls())

	r := newResource(w)
	refused := r.ask("Create", properties(publicPolicy()))
	r.expect(refused, "FAILED", refused.PhysicalResourceID)
	if !strings.HasPrefix(refused.Reason, "GuardrailViolation: ") || !strings.Contains(refused.Reason, "Principal") {
		t.Errorf("reason %q", refused.Reason)
	}
	r.physicalID = refused.PhysicalResourceID
	r.expect(r.ask("Delete", properties(publicPolicy())), "SUCCESS", refused.PhysicalResourceID)
	expectPolicies(t, w, map[string]string{"MyPolicy": policy("Existing")})
	if now := len(w.Email.Calls()); now != calls {
		t.Errorf("%d calls of SES for what was refused", now-calls)
	}
}

// The same with a refusal of SES itself.
func TestCreateThatSESRefuses(t *testing.T) {
	w := start(t, local.Config{})
	w.sendAndAwait(bare("MyPolicy", policy("Existing")))
	r := newResource(w)
	misspelt := strings.Replace(policy("One"), `"Resource"`, `"Condition":{"StringEquals":{"AWS:SourceAccount":"111122223333"}},"Resource"`, 1)
	refused := r.ask("Create", with(properties(misspelt), "AdoptExisting", "true"))
	r.expect(refused, "FAILED", refused.PhysicalResourceID)
	if !strings.HasPrefix(refused.Reason, "InvalidPolicy: ") {
		t.Errorf("reason %q", refused.Reason)
	}
	r.physicalID = refused.PhysicalResourceID
	r.expect(r.ask("Delete", properties(misspelt)), "SUCCESS", refused.PhysicalResourceID)
	expectPolicies(t, w, map[string]string{"MyPolicy": policy("Existing")})
}

func TestRefusedUpdateAndItsRollback(t *testing.T) {
	w := start(t, local.Config{})
	r := newResource(w)
	r.deploy(properties(policy("One")))
	// Refused in place, and under another name: both leave the resource with its old id.
	for _, changed := range []map[string]any{properties(publicPolicy()), with(properties(publicPolicy()), "PolicyName", "Another")} {
		r.expect(r.deploy(changed), "FAILED", "example.com/MyPolicy")
		expectPolicies(t, w, map[string]string{"MyPolicy": policy("One")})
		r.expect(r.deploy(properties(policy("One"))), "SUCCESS", "example.com/MyPolicy")
		expectPolicies(t, w, map[string]string{"MyPolicy": policy("One")})
	}
}

// An update that succeeded is rolled back when another resource of the stack
// fails: an update to what was, and the delete of what is replaced by that.
func TestRollbackOfAnUpdateThatSucceeded(t *testing.T) {
	w := start(t, local.Config{})
	r := newResource(w)
	r.deploy(properties(policy("One")))
	before := *r
	renamed := with(properties(policy("Two")), "PolicyName", "Another")
	answer := r.ask("Update", renamed)
	r.expect(answer, "SUCCESS", "example.com/Another")
	expectPolicies(t, w, map[string]string{"MyPolicy": policy("One"), "Another": policy("Two")})
	r.physicalID, r.properties = answer.PhysicalResourceID, renamed

	r.expect(r.deploy(before.properties), "SUCCESS", "example.com/MyPolicy")
	expectPolicies(t, w, map[string]string{"MyPolicy": policy("One")})
}

func TestAnotherSpellingOfTheIdentityIsNoReplacement(t *testing.T) {
	w := start(t, local.Config{})
	r := newResource(w)
	r.deploy(properties(policy("One")))
	for _, identity := range []string{"arn:aws:ses:us-east-1:123456789012:identity/example.com", "EXAMPLE.com", "example.com"} {
		r.expect(r.deploy(with(properties(policy("One")), "Identity", identity)), "SUCCESS", "example.com/MyPolicy")
	}
	expectPolicies(t, w, map[string]string{"MyPolicy": policy("One")})
	for _, call := range w.Email.Calls() {
		if call.Action == "DeleteIdentityPolicy" {
			t.Errorf("SES was asked for %s", call.Action)
		}
	}
}

// CloudFormation makes up an id of its own where a create was cancelled before
// its answer came. Whatever the id, a delete must succeed, or the stack is
// stuck; and what is no id of this project's must touch nothing.
func TestDeletesOfWhatNobodyMade(t *testing.T) {
	w := start(t, local.Config{})
	w.sendAndAwait(bare("MyPolicy", policy("Existing")))
	calls := len(w.Email.Calls())
	for _, id := range []string{
		"nothing-made-for-SendingPolicy",
		"mail-SendingPolicy-1A2B3C4D5E6F",      // CloudFormation's own form
		"2026/11/23/[$LATEST]0123456789abcdef", // a log stream, as other custom resources answer
		"MyPolicy", "example.com", "example.com/", "/MyPolicy",
		"EXAMPLE.com/MyPolicy", // not canonical: never answered
		"arn:aws:ses:us-east-1:123456789012:identity/example.com/MyPolicy",
		"example.com/My.Policy",
	} {
		r := newResource(w)
		r.physicalID = id
		r.expect(r.ask("Delete", properties(policy("One"))), "SUCCESS", id)
	}
	expectPolicies(t, w, map[string]string{"MyPolicy": policy("Existing")})
	if now := len(w.Email.Calls()); now != calls {
		t.Errorf("%d calls of SES", now-calls)
	}
}

// To SES, addresses that differ in case are two identities; their policies and
// the resources that made them have nothing to do with each other.
func TestAddressesThatDifferInCase(t *testing.T) {
	const upper, lower = "a@EXAMPLE.com", "a@example.com"
	of := func(sid, address string) string {
		return strings.Replace(policy(sid), "identity/example.com", "identity/"+address, 1)
	}
	w := start(t, local.Config{})
	expect := func(want map[string]string) {
		t.Helper()
		for _, address := range []string{upper, lower} {
			if got := w.Email.Policies()[address]["MyPolicy"]; got != want[address] {
				t.Errorf("%s has the policy %q, want %q", address, got, want[address])
			}
		}
	}
	for _, address := range []string{upper, lower} {
		w.sendAndAwait(strings.Replace(bare("MyPolicy", of("Bare", address)), "example.com", address, 1))
	}
	expect(map[string]string{upper: of("Bare", upper), lower: of("Bare", lower)})
	w.sendAndAwait(`{"Action":"DeleteIdentityPolicy","Identity":"` + upper + `","PolicyName":"MyPolicy"}`)
	expect(map[string]string{lower: of("Bare", lower)})
	w.sendAndAwait(`{"Action":"DeleteIdentityPolicy","Identity":"` + lower + `","PolicyName":"MyPolicy"}`)
	expect(nil)

	first, second := newResource(w), newResource(w)
	first.expect(first.deploy(with(properties(of("One", upper)), "Identity", upper)), "SUCCESS", upper+"/MyPolicy")
	second.expect(second.deploy(with(properties(of("Two", lower)), "Identity", lower)), "SUCCESS", lower+"/MyPolicy")
	expect(map[string]string{upper: of("One", upper), lower: of("Two", lower)})

	first.expect(first.ask("Delete", first.properties), "SUCCESS", upper+"/MyPolicy")
	expect(map[string]string{lower: of("Two", lower)})
	// The other case is another identity: a replacement, and the old policy is deleted.
	second.expect(second.deploy(with(properties(of("Three", upper)), "Identity", upper)), "SUCCESS", upper+"/MyPolicy")
	expect(map[string]string{upper: of("Three", upper)})
}
