package main

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
)

// events are the assumptions about EventBridge and Step Functions, through which
// requesters are answered.
func events() []Assumption {
	return []Assumption{
		{
			Name: "eventbridge/entry-refused-alone", Sure: Recorded, Source: recorded("2025-01"),
			Statement: "PutEvents answers 200 to an entry without Source, Detail or DetailType, and refuses that entry alone with InvalidArgument.",
			Check: func(ctx context.Context, w *world) (string, error) {
				full := types.PutEventsRequestEntry{Source: aws.String("sespolicy.conformance"), Detail: aws.String("{}"), DetailType: aws.String("Conformance")}
				bare := []types.PutEventsRequestEntry{full, full, full}
				bare[0].Source, bare[1].Detail, bare[2].DetailType = nil, nil, nil
				for i, entry := range bare {
					out, err := w.bus.PutEvents(ctx, &eventbridge.PutEventsInput{Entries: []types.PutEventsRequestEntry{entry}})
					if err != nil {
						return "", err
					}
					if out.FailedEntryCount != 1 || len(out.Entries) != 1 || aws.ToString(out.Entries[0].ErrorCode) != "InvalidArgument" {
						return "", differs("one entry failed with InvalidArgument", "%d failed, entry without %s", out.FailedEntryCount, []string{"Source", "Detail", "DetailType"}[i])
					}
				}
				return "", nil
			},
		},
		{
			Name: "eventbridge/missing-bus", Sure: Recorded, Source: recorded("2024"),
			Statement: "PutEvents to a bus that does not exist answers an event id, and nothing says that the event is lost.",
			Check: func(ctx context.Context, w *world) (string, error) {
				out, err := w.bus.PutEvents(ctx, &eventbridge.PutEventsInput{Entries: []types.PutEventsRequestEntry{{
					Source: aws.String("sespolicy.conformance"), Detail: aws.String("{}"), DetailType: aws.String("Conformance"), EventBusName: aws.String(w.prefix + "nowhere"),
				}}})
				if err != nil {
					return "", err
				}
				if out.FailedEntryCount != 0 || len(out.Entries) != 1 || out.Entries[0].EventId == nil {
					return "", differs("an event id", "%d failed", out.FailedEntryCount)
				}
				return "", nil
			},
		},
		{
			Name: "stepfunctions/unknown-token", Sure: Recorded, Source: recorded("2024"),
			Statement: "SendTaskSuccess and SendTaskFailure with a token that was never issued are refused with InvalidToken.",
			Check: func(ctx context.Context, w *world) (string, error) {
				token := strings.Repeat("x", 64)
				_, success := w.steps.SendTaskSuccess(ctx, &sfn.SendTaskSuccessInput{TaskToken: &token, Output: aws.String("{}")})
				_, failure := w.steps.SendTaskFailure(ctx, &sfn.SendTaskFailureInput{TaskToken: &token})
				for _, err := range []error{success, failure} {
					if wrong := refusedWith(err, "InvalidToken"); wrong != nil {
						return "", wrong
					}
				}
				return "", nil
			},
		},
	}
}
