package main

import (
	"errors"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/spf13/cobra"

	"sespolicy/shared/examine"
	"sespolicy/shared/guardrail"
	"sespolicy/shared/plan"
)

// changedOnly returns those of the requests that would change a policy of the
// deployment's account, in their order, followed by the deletions of prune.
func (t *target) changedOnly(command *cobra.Command, f *found, requests []examine.Request, prune string) ([]examine.Request, error) {
	at := accountFlags{target: *t}
	if a, err := arn.Parse(f.TopicARN); err == nil && f.Account == "" {
		f.Account, f.Region = a.AccountID, a.Region
	}
	if f.Account == "" {
		return nil, withHint(errors.New("the account and Region of the deployment are not known"), "name the queue or topic by its ARN")
	}
	v, err := at.openFound(command.Context(), f)
	if err != nil {
		return nil, err
	}
	p := plan.Planner{Regions: v.regions, Prune: prune}
	if p.Guardrail, err = guardrail.New(guardrail.Off()); err != nil { // send checks what goes
		return nil, err
	}
	changes, err := v.plan(command.Context(), command.ErrOrStderr(), p, requests, nil)
	if err != nil {
		return nil, fmt.Errorf("nothing was sent: %w", err)
	}
	var changed []examine.Request
	for _, request := range requests {
		if slices.ContainsFunc(changes, func(c plan.Change) bool { return c.Request.Same(request) }) {
			changed = append(changed, request)
		}
	}
	for _, c := range changes {
		if c.Request.File == plan.Pruned {
			changed = append(changed, c.Request)
		}
	}
	return changed, nil
}
