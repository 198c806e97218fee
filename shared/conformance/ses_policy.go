package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// policies are the assumptions about what is a policy.
func policies() []Assumption {
	return []Assumption{
		{
			Name: "ses/new-principal", Sure: Open, Source: "https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html",
			Statement: "A role that was just made is accepted as a principal within three minutes.",
			NotLocal:  "sespolicy local has no IAM: every principal exists",
			Check:     newPrincipal,
		},
		{
			Name: "ses/unknown-principal", Sure: Recorded, Source: "Terraform users report it for aws_ses_identity_policy",
			Statement: "A policy with a role that does not exist is refused with InvalidPolicy and a message that speaks of a principal.",
			NotLocal:  "sespolicy local has no IAM: every principal exists",
			Check: func(ctx context.Context, w *world) (string, error) {
				role := fmt.Sprintf("arn:%s:iam::%s:role/%snowhere", w.owner.Partition, w.owner.Account, w.prefix)
				err := w.putPolicy(ctx, w.identity, "unknown-principal", w.policy(map[string]any{"Principal": map[string]any{"AWS": role}}))
				if wrong := refusedWith(err, "InvalidPolicy"); wrong != nil {
					return "", wrong
				}
				w.cleanup.done(policyStep(w.identity, "unknown-principal"))
				if !strings.Contains(strings.ToLower(err.Error()), "principal") {
					return "", differs("a message that speaks of a principal", "%s", brief(err))
				}
				return brief(err), nil
			},
		},
		refusedPolicy("ses/no-json", "A policy that is no JSON is refused with InvalidPolicy.", Documented,
			func(*world) string { return "nonsense" }),
		refusedPolicy("ses/no-statement", "A policy without a statement is refused with InvalidPolicy.", Documented,
			func(*world) string { return `{"Version":"2012-10-17","Statement":[]}` }),
		refusedPolicy("ses/no-effect", "A statement without an Effect is refused with InvalidPolicy.", Documented,
			func(w *world) string { return w.policy(map[string]any{"Effect": absentElement}) }),
		refusedPolicy("ses/no-principal", "A statement without a Principal is refused with InvalidPolicy.", Documented,
			func(w *world) string { return w.policy(map[string]any{"Principal": absentElement}) }),
		refusedPolicy("ses/no-action", "A statement without an Action is refused with InvalidPolicy.", Documented,
			func(w *world) string { return w.policy(map[string]any{"Action": absentElement}) }),
		refusedPolicy("ses/condition-key-in-capitals", "The condition key AWS:SourceAccount is refused with InvalidPolicy.", Recorded,
			func(w *world) string {
				return w.policy(map[string]any{"Condition": sourceAccount(w, "AWS:SourceAccount")})
			}),
		refusedPolicy("ses/over-4-kb", "A policy of more than 4,096 bytes without whitespace is refused with InvalidPolicy.", Documented,
			func(w *world) string { return w.policy(map[string]any{"Sid": strings.Repeat("x", 4096)}) }),
		{
			Name: "ses/whitespace-counts", Sure: Open, Source: pageSES + "API_PutIdentityPolicy.html",
			Statement: "Whitespace counts against the 4 KB: a text of over 4,096 bytes is refused with InvalidPolicy though it would fit without its whitespace.",
			NotLocal:  "the unit of the 4 KB is not documented; sespolicy local counts every byte, so that what it takes fits",
			Check: func(ctx context.Context, w *world) (string, error) {
				err := w.putPolicy(ctx, w.identity, "whitespace", strings.Replace(w.policy(nil), "{", "{"+strings.Repeat(" ", 4096), 1))
				if err == nil {
					err = cmpError(w.deletePolicy(ctx, w.identity, "whitespace"), nil)
				}
				return "", refusedWith(err, "InvalidPolicy")
			},
		},
		{
			Name: "ses/stored-without-whitespace", Sure: Reported, Source: "users of Terraform and of the AWS CLI",
			Statement: "SES stores the text without its whitespace.",
			Check: func(ctx context.Context, w *world) (string, error) {
				var indented strings.Builder
				encoder := json.NewEncoder(&indented)
				encoder.SetIndent("", "  ")
				if err := encoder.Encode(json.RawMessage(w.policy(nil))); err != nil {
					return "", err
				}
				if err := w.putPolicy(ctx, w.identity, "whitespace-stored", indented.String()); err != nil {
					return "", err
				}
				got, err := w.getPolicy(ctx, w.identity, "whitespace-stored")
				if err == nil && (got == "" || strings.ContainsAny(got, " \n")) {
					err = differs("a text without whitespace", "%q", got)
				}
				return "", cmpError(err, w.deletePolicy(ctx, w.identity, "whitespace-stored"))
			},
		},
		{
			Name: "ses/name-of-64-characters", Sure: Documented, Source: pageSES + "API_PutIdentityPolicy.html",
			Statement: "A policy name may have 64 letters, digits, hyphens and underscores; one of 65 is refused with ValidationError.",
			Check: func(ctx context.Context, w *world) (string, error) {
				name := func(length int) string { return "a_Z-9" + strings.Repeat("x", length-5-len(w.prefix)) }
				if err := w.putPolicy(ctx, w.identity, name(64), w.policy(nil)); err != nil {
					return "", err
				}
				err := w.paced(ctx, func() error { return w.callPut(ctx, w.identity, name(65), w.policy(nil)) })
				return "", cmpError(refusedWith(err, "ValidationError"), w.deletePolicy(ctx, w.identity, name(64)))
			},
		},
		{
			Name: "ses/name-with-a-period", Sure: Reported, Source: "messages that users quote",
			Statement: "A policy name with a period is refused with InvalidParameterValue.",
			Check: func(ctx context.Context, w *world) (string, error) {
				err := w.putPolicy(ctx, w.identity, "a.b", w.policy(nil))
				wrong := refusedWith(err, "InvalidParameterValue")
				if wrong == nil {
					w.cleanup.done(policyStep(w.identity, "a.b"))
				}
				return "", wrong
			},
		},
		{
			Name: "ses/at-most-20-policies", Sure: Reported, Source: guideSES + "quotas.html",
			Statement: "The 21st policy of an identity is refused with InvalidParameterValue.",
			Check:     twentyFirst,
		},
	}
}

// refusedPolicy is an assumption that a text is refused with InvalidPolicy.
func refusedPolicy(name, statement string, sure Sure, text func(*world) string) Assumption {
	short := strings.TrimPrefix(name, "ses/")
	return Assumption{
		Name: name, Statement: statement, Sure: sure, Source: pageSES + "API_PutIdentityPolicy.html",
		Check: func(ctx context.Context, w *world) (string, error) {
			err := w.putPolicy(ctx, w.identity, short, text(w))
			if err == nil {
				if removed := w.deletePolicy(ctx, w.identity, short); removed != nil {
					return "", removed
				}
			} else if code(err) != "" {
				w.cleanup.done(policyStep(w.identity, short))
			}
			return "", refusedWith(err, "InvalidPolicy")
		},
	}
}

func sourceAccount(w *world, key string) map[string]any {
	return map[string]any{"StringEquals": map[string]any{key: w.owner.Account}}
}

// newPrincipal measures from the start of the run how long SES refuses a role.
func newPrincipal(ctx context.Context, w *world) (string, error) {
	if w.principal == "" {
		return "", unaskable("CONFORMANCE_PRINCIPAL names no role: make one, and set it to the role's ARN within the same minute")
	}
	text := w.policy(map[string]any{"Principal": map[string]any{"AWS": w.principal}})
	for refusals := 0; ; refusals++ {
		err := w.putPolicy(ctx, w.identity, "new-principal", text)
		took := time.Since(w.began).Round(time.Second)
		switch {
		case err == nil:
			return fmt.Sprintf("accepted %v after the start, after %d refusals", took, refusals), w.deletePolicy(ctx, w.identity, "new-principal")
		case code(err) != "InvalidPolicy":
			return "", err
		case took > 3*time.Minute:
			return "", differs("accepted within three minutes", "%d refusals, the last: %s", refusals+1, brief(err))
		}
	}
}

// twentyFirst fills an identity up with policies, and tries one more.
func twentyFirst(ctx context.Context, w *world) (string, error) {
	const most = 20
	names, err := w.listPolicies(ctx, w.identity)
	if err != nil {
		return "", err
	}
	var own []string
	for i := len(names); i < most; i++ {
		own = append(own, fmt.Sprintf("quota-%d", i))
		if err := w.putPolicy(ctx, w.identity, own[len(own)-1], w.policy(nil)); err != nil {
			return "", fmt.Errorf("policy %d: %w", i+1, err)
		}
	}
	verdict := w.putPolicy(ctx, w.identity, "quota-over", w.policy(nil))
	for _, name := range append(own, "quota-over") { // later checks need room
		if err := w.deletePolicy(ctx, w.identity, name); err != nil {
			return "", err
		}
	}
	return "", refusedWith(verdict, "InvalidParameterValue")
}
