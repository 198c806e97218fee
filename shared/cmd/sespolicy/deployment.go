package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/spf13/cobra"

	"sespolicy/shared/check"
	"sespolicy/shared/guardrail"
	"sespolicy/shared/identity"
	"sespolicy/shared/plan"
	"sespolicy/shared/printout"
)

// deploymentVariable names the deployment file where there is no flag.
const deploymentVariable = "SESPOLICY_DEPLOYMENT"

// deployment is what the owner of a deployment may publish: where requests go,
// and what is refused. It has no secrets.
type deployment struct {
	Account    string            `json:"account"`
	Region     string            `json:"region"`
	QueueURL   string            `json:"queueUrl"`
	QueueARN   string            `json:"queueArn"`
	TopicARN   string            `json:"topicArn"`
	Guardrails map[string]string `json:"guardrails"` // by variable; nil if they are not known
}

func newDeploymentCommand() *cobra.Command {
	var at target
	command := &cobra.Command{
		Use:   "deployment",
		Short: "Print what requesters need to know of a deployment",
		RunE: func(command *cobra.Command, _ []string) error {
			f, err := at.find(command.Context())
			if err != nil {
				return err
			}
			return printout.WriteJSON(command.OutOrStdout(), f.deployment)
		},
	}
	at.register(command, 0)
	return command
}

// registerDeployment adds the flag of the deployment file.
func registerDeployment(command *cobra.Command, file *string) {
	command.Flags().StringVar(file, "deployment", "", "file that sespolicy deployment has printed (default: "+deploymentVariable+")")
	_ = command.MarkFlagFilename("deployment", "json") // the flag is there
}

// readDeployment reads a deployment file, or says all that is wrong with it.
func readDeployment(name string) (d *deployment, err error) {
	defer func() { err = badUse(err) }()
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("reading the deployment file: %w", err)
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&d); err != nil {
		return nil, fmt.Errorf("the deployment file %s: %w", name, err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("the deployment file %s: got more than one JSON value", name)
	}
	if err := d.check(); err != nil {
		return nil, withHint(fmt.Errorf("the deployment file %s: %w", name, err), "print it again with sespolicy deployment --stack NAME")
	}
	return d, nil
}

// check says what is wrong with a deployment.
func (d *deployment) check() error {
	var wrong []error
	if !identity.IsAccount(d.Account) {
		wrong = append(wrong, fmt.Errorf("account is %q, 12 digits were expected", d.Account))
	}
	if d.Region == "" {
		wrong = append(wrong, errors.New("region is missing"))
	}
	for member, text := range map[string]string{"queueArn": d.QueueARN, "topicArn": d.TopicARN} {
		if a, err := arn.Parse(text); text != "" && (err != nil || a.AccountID != d.Account || a.Region != d.Region) {
			wrong = append(wrong, fmt.Errorf("%s is %q, an ARN of account %s in %s was expected", member, text, d.Account, d.Region))
		}
	}
	for _, variable := range guardrail.Unknown(d.Guardrails) {
		wrong = append(wrong, fmt.Errorf("this version of sespolicy has no guardrail %q", variable))
	}
	_, err := newGuardrail(func(variable string) string { return d.Guardrails[variable] })
	return errors.Join(append(wrong, err)...)
}

// owner is whose identities the deployment looks after.
func (d *deployment) owner() identity.Owner {
	if d.Account == "" {
		return identity.Owner{}
	}
	return identity.Owner{Partition: check.Partition(d.Region), Region: d.Region, Account: d.Account}
}

// queueARN is the ARN of the request queue. A deployment of which only the topic
// is published has the queue in the same account and Region.
func (d *deployment) queueARN() string {
	if d.QueueARN != "" || d.Account == "" {
		return d.QueueARN
	}
	return plan.QueueARN(d.owner())
}
