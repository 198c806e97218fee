package main

import (
	"context"
	"fmt"

	"sespolicy/shared/local/template"
)

// cost works out what a thousand requests are billed.
func cost(ctx context.Context, b *bench) (section, error) {
	all, err := b.measureBursts(ctx)
	if err != nil {
		return section{}, err
	}
	memory, err := memorySize()
	if err != nil {
		return section{}, err
	}
	perThousand := func(seconds float64, requests int) float64 { return seconds / float64(requests) * 1000 * memory / 1024 }
	inBurst, single := middle(all.drains[0], billed), middle(all.single, billed)
	return section{Name: "cost", Title: "Cost",
		About:   fmt.Sprintf("What Lambda bills for a thousand requests at template.yaml's %.0f MB: the measured durations of the invocations, starts left out. In a burst it is the pause between two calls that is paid for; one by one the answer of SES alone.", memory),
		Columns: []string{"GB-seconds for 1,000 requests", "of the least: a second, or an answer, each"},
		Lines: []line{
			{"in a burst, ten to a batch", []value{value(perThousand(inBurst, burst)), value(inBurst / ideal.Seconds())}},
			{"one by one", []value{value(perThousand(single, singles)), value(single / (singles * (fastest + slowest).Seconds() / 2))}},
		}}, nil
}

// memorySize is the function's memory in MB, as the template has it.
func memorySize() (float64, error) {
	parsed, err := template.Load("template.yaml")
	if err != nil {
		return 0, err
	}
	stack, err := parsed.Resolve(template.Settings{})
	if err != nil {
		return 0, err
	}
	function, ok := stack.Function("ApplyPolicyFunction")
	if !ok {
		return 0, fmt.Errorf("template.yaml has no ApplyPolicyFunction")
	}
	return float64(function.MemorySize), nil
}
