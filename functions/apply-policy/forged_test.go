package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"sespolicy/shared/guardrail"
	"sespolicy/shared/local/email"
	"sespolicy/shared/local/queue"
	"sespolicy/shared/outcome"
)

// A Delete that has the victim's StackId, logical id and physical id to the
// letter, but came through another topic or none, changes nothing; nor does one
// through the victim's topic that is another stack's.
func TestADeleteForgedThroughATopic(t *testing.T) {
	const other = "444455556666"
	copied := func(physicalID string) string { return stackBody("Delete", physicalID, accountA+"-news") }
	forgeries := map[string]func(*testing.T, *world, *sns){
		"through another topic": func(t *testing.T, w *world, s *sns) {
			w.publish(t, s, other, copied("a.com/"+accountA+"-news"))
		},
		"through another topic, nothing was made": func(t *testing.T, w *world, s *sns) {
			w.publish(t, s, other, copied("nothing-made-for-L"))
		},
		"through another topic, an id of CloudFormation": func(t *testing.T, w *world, s *sns) {
			w.publish(t, s, other, copied("mail-L-1ABC"))
		},
		"through no topic": func(t *testing.T, w *world, _ *sns) { w.send(t, copied("a.com/"+accountA+"-news")) },
		"through its topic, another stack's": func(t *testing.T, w *world, s *sns) {
			w.publish(t, s, accountA, stackRequest(foreignStack, "L", "Delete", "a.com/"+accountA+"-news", "{}"))
		},
	}
	for name, forge := range forgeries {
		for _, place := range []string{"before its victim", "in its batch", "after it", "while it waits"} {
			for _, victim := range []string{"Create", "Update"} {
				t.Run(name+", "+place+", a "+victim, func(t *testing.T) {
					inBubble(t, guardrail.Config{AllowedPrincipals: []string{"${topic}"}}, func(t *testing.T, w *world) {
						s := w.withTopics(t, accountA, other)
						physicalID := ""
						if victim == "Update" {
							physicalID = "a.com/" + accountA + "-news"
							w.publish(t, s, accountA, stackBody("Create", "", accountA+"-news"))
							w.receive(t)
						}
						if place == "while it waits" {
							w.ses.SetFault(func(c email.Call) email.Fault {
								if c.Action != "PutIdentityPolicy" {
									return email.Fault{}
								}
								return email.Fault{Status: 400, Code: "InvalidPolicy", Message: "Invalid principal"} // IAM does not know it yet
							})
						}
						steps := []func(){
							func() { w.publish(t, s, accountA, stackBody(victim, physicalID, accountA+"-news")) },
							func() { forge(t, w, s) },
						}
						if place == "before its victim" {
							steps[0], steps[1] = steps[1], steps[0]
						}
						steps[0]()
						if place != "in its batch" {
							w.receive(t)
						}
						steps[1]()
						expect(t, "handed back", len(w.receive(t)), 0)
						w.ses.SetFault(nil)
						time.Sleep(outcome.MaxDelay)
						w.receive(t)
						expect(t, "policies", len(w.ses.Policies()["a.com"]), 1)
						expect(t, "letters", w.codes(), "[]")
						expect(t, "told of a failure", strings.Contains(w.told(), "FAILED"), false)
						expect(t, "waited", slices.Contains(w.outcomes(t), "Retry PrincipalUnknown"), place == "while it waits")
					})
				})
			}
		}
	}
}

// A stack's Delete cancels its waiting Create across batches, and the Create is
// answered FAILED: whichever of the two arrives first, on one instance or on two,
// whether SES took the lost call or not.
func TestACreateIsCancelledAcrossBatches(t *testing.T) {
	for _, physicalID := range []string{"nothing-made-for-L", "mail-L-1ABC"} {
		for _, instances := range []int{1, 2} {
			for _, acts := range []bool{false, true} {
				t.Run(fmt.Sprint(physicalID, ", instances: ", instances, ", SES took the lost call: ", acts), func(t *testing.T) {
					inBubble(t, guardrail.Config{}, func(t *testing.T, w *world) {
						w.ses.SetFault(func(email.Call) email.Fault { return email.Fault{Act: acts, Break: true} })
						expect(t, "handed back", len(w.deliver(t, stackBody("Create", "", "P"))), 1)
						w.ses.SetFault(nil)
						if instances == 2 {
							w.handler = w.instance(t, guardrail.Config{})
						}
						expect(t, "handed back", len(w.deliver(t, stackBody("Delete", physicalID, "P"))), 0)
						time.Sleep(outcome.MaxDelay)
						expect(t, "handed back", len(w.receive(t)), 0)
						expect(t, "told", w.told(), "SUCCESS FAILED")
						expect(t, "letters", w.codes(), "[Cancelled]")
						expect(t, "policies", len(w.ses.Policies()["a.com"]), 0)
					})
				})
			}
		}
	}
	t.Run("the Delete is received first", func(t *testing.T) {
		inBubble(t, guardrail.Config{}, func(t *testing.T, w *world) {
			w.send(t, stackBody("Create", "", "P"))
			waiting, err := w.requests.Receive(t.Context(), queue.ReceiveOptions{MaxMessages: 1})
			if err != nil {
				t.Fatal(err)
			}
			w.deliver(t, stackBody("Delete", "nothing-made-for-L", "P"))
			if err := w.requests.ChangeVisibility(t.Context(), waiting[0].ReceiptHandle, 0); err != nil {
				t.Fatal(err)
			}
			expect(t, "handed back", len(w.receive(t)), 0)
			expect(t, "told", w.told(), "SUCCESS FAILED")
			expect(t, "calls", w.puts(), 0)
		})
	})
}
