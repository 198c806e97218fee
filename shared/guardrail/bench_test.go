package guardrail_test

import (
	"fmt"
	"strings"
	"testing"

	"sespolicy/shared/document"
	"sespolicy/shared/guardrail"
	"sespolicy/shared/identity"
	"sespolicy/shared/policy"
)

// BenchmarkStars is a policy of stars and of conditions that say who they are:
// the megabytes a second must not fall as the size grows.
func BenchmarkStars(b *testing.B) {
	g, err := guardrail.New(guardrail.Config{AllowedPrincipals: []string{friend}})
	if err != nil {
		b.Fatal(err)
	}
	id := owner.Of(identity.Identity{Name: "example.com"})
	for _, size := range []int{1 << 10, 1 << 13, policy.MaxExamined - 1<<10} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			text := allow(`{"AWS":[`+strings.Repeat(`"*",`, size/2/4)+`"*"]}`,
				`"Condition":{"StringEquals":{"aws:SourceAccount":[`+strings.Repeat(`"`+friend+`",`, size/2/15)+`"`+friend+`"]}}`)
			doc, _ := document.Read([]byte(text))
			p, _ := policy.Check(doc.Root(), id)
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				if found := check(g, id, "", p); len(p.Statements) != 1 || found != nil {
					b.Fatal(len(p.Statements), found)
				}
			}
		})
	}
}
