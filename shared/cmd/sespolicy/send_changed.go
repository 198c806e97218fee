package main

import (
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"sespolicy/shared/guardrail"
)

// changedOnly returns those of the requests that would change a policy of the
// deployment's account, in their order, followed by the deletions of prune.
func (t *target) changedOnly(command *cobra.Command, f *found, requests []outgoing, prune string) ([]outgoing, error) {
	at := accountFlags{target: *t}
	if owner := ownerOf(f.TopicARN); f.Account == "" {
		f.Account, f.Region = owner.Account, owner.Region
	}
	if f.Account == "" {
		return nil, withHint(errors.New("the account and Region of the deployment are not known"), "name the queue or topic by its ARN")
	}
	v, err := at.openFound(command.Context(), f)
	if err != nil {
		return nil, err
	}
	p := &planner{view: v, prune: prune}
	if p.fence, err = guardrail.New(guardrail.Off()); err != nil { // send checks what goes
		return nil, err
	}
	changes, err := p.all(command.Context(), command.ErrOrStderr(), requests, nil)
	if err != nil {
		return nil, fmt.Errorf("nothing was sent: %w", err)
	}
	var changed []outgoing
	for _, request := range requests {
		if slices.ContainsFunc(changes, func(c change) bool { return c.request.same(request) }) {
			changed = append(changed, request)
		}
	}
	for _, c := range changes {
		if c.request.file == pruned {
			changed = append(changed, c.request)
		}
	}
	return changed, nil
}

// same reports whether both are the same request of the same file.
func (o outgoing) same(other outgoing) bool {
	return o.name == other.name && o.Line == other.Line && o.Body == other.Body
}
