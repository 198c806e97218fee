package main

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/spf13/cobra"

	"sespolicy/shared/examine"
	"sespolicy/shared/identity"
	"sespolicy/shared/printout"
)

// checkFlags are the flags of check.
type checkFlags struct {
	format, identity, queueARN, topic, deployment string
	strict                                        bool
	guardrails                                    guardrailFlags
}

func newCheckCommand() *cobra.Command {
	flags := checkFlags{guardrails: guardrailFlags{}}
	command := &cobra.Command{
		Use:   "check FILE|FOLDER...",
		Short: "Check policies and requests in files, without AWS",
		RunE:  func(command *cobra.Command, names []string) error { return flags.check(command, names) },
	}
	f := command.Flags()
	formatFlag(command, &flags.format, printout.Formats...)
	f.BoolVar(&flags.strict, "strict", false, "let warnings count as findings")
	f.StringVar(&flags.identity, "identity", "", "the identity that policies in files are for, a name or an ARN")
	f.StringVar(&flags.queueARN, "queue-arn", "", "the ARN of the request queue, for the account and the Region that identities are in")
	registerTopic(command, &flags.topic, "the name of the SNS topic that the requests will be published to")
	registerDeployment(command, &flags.deployment)
	flags.guardrails.register(command)
	return command
}

// examiner makes an examiner of the flags. unchecked is what it cannot check
// because it is not known.
func (c *checkFlags) examiner(command *cobra.Command) (e *examine.Examiner, unchecked string, err error) {
	var d deployment
	var wrong []error
	name := c.deployment
	if name == "" && c.queueARN == "" {
		name = os.Getenv(deploymentVariable)
	}
	if name != "" {
		read, err := readDeployment(name)
		if err != nil {
			return nil, "", err
		}
		d = *read
	}
	guardrails, known, err := c.guardrails.read(command, d.Guardrails)
	wrong = append(wrong, err)
	e = &examine.Examiner{Guardrail: guardrails, Owner: d.owner(), QueueARN: d.queueARN(), Topic: c.topic}
	if c.queueARN != "" {
		e.QueueARN = c.queueARN
		e.Owner, err = identity.ParseOwner(c.queueARN)
		wrong = append(wrong, err)
	}
	if c.identity != "" {
		id, err := identity.Parse(c.identity)
		wrong = append(wrong, err)
		e.Identity = e.Owner.Of(id)
	}
	switch {
	case e.Owner.Account != "":
	case known:
		unchecked = "account and Region were not checked"
	default:
		unchecked = "account and Region were not checked, and the guardrails only with their defaults"
	}
	return e, unchecked, badUse(errors.Join(wrong...))
}

// check checks the files and writes what was found.
func (c *checkFlags) check(command *cobra.Command, names []string) error {
	e, unchecked, err := c.examiner(command)
	if err != nil {
		return err
	}
	texts, failed := readFiles(names, command.InOrStdin())
	files, open := examineAll(e, texts)
	if err := printout.Write(command.OutOrStdout(), c.format, files); err != nil {
		return fmt.Errorf("writing what was found: %w", err)
	}
	violations, warnings := printout.Count(files)
	if c.format == "text" {
		_, _ = fmt.Fprintf(command.ErrOrStderr(), "%s checked: %s, %s\n", count(len(files), "file"), count(violations, "error"), count(warnings, "warning"))
	}
	if unchecked != "" {
		_, _ = fmt.Fprintf(command.ErrOrStderr(), "%s: give --deployment FILE, which its owner prints with sespolicy deployment\n", unchecked)
	}
	if open.Identities > 0 {
		_, _ = fmt.Fprintf(command.ErrOrStderr(), "the resources of %s were not compared with an identity: give --identity\n", count(open.Identities, "policy"))
	}
	if open.Values > 0 {
		_, _ = fmt.Fprintf(command.ErrOrStderr(), "not checked, known only after a deployment: %s\n", count(open.Values, "value"))
	}
	switch {
	case failed != nil:
		return failed
	case violations > 0 || c.strict && warnings > 0:
		return errShown
	default:
		return nil
	}
}

// examineAll examines files, as many at a time as there are processors.
func examineAll(e *examine.Examiner, texts []textFile) ([]printout.File, examine.Unchecked) {
	files, unchecked := make([]printout.File, len(texts)), make([]examine.Unchecked, len(texts))
	var next atomic.Int64
	var workers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(texts)) {
		workers.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(texts)); i = next.Add(1) - 1 {
				files[i], unchecked[i] = e.File(texts[i].name, texts[i].text)
			}
		})
	}
	workers.Wait()
	var sum examine.Unchecked
	for _, one := range unchecked {
		sum.Identities += one.Identities
		sum.Values += one.Values
	}
	return files, sum
}
