package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/spf13/cobra"

	"sespolicy/shared/document"
	"sespolicy/shared/identity"
	"sespolicy/shared/printout"
	"sespolicy/shared/requestfile"
)

// filesHelp says what files the commands read.
const filesHelp = "Files are in JSON, YAML or, one a line, NDJSON (.ndjson, .jsonl). They are also read from SQS events as in events/, from\n" +
	"CloudFormation and SAM templates (each Custom::SESIdentityPolicy), from what terraform show -json prints of a plan, and\n" +
	"from what aws ses get-identity-policies and aws sesv2 get-email-identity-policies print. A folder means its .json,\n" +
	".ndjson, .jsonl, .yaml and .yml files and those of the folders in it."

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
		Long: "Check says of the policies and requests in files what the function would refuse and what it would warn of.\n" +
			"A file with Identity, PolicyName or Policy, or in an envelope, is a request; any other is a policy. - is standard input.\n\n" +
			filesHelp + "\n\n" +
			"What a template or a plan leaves open is not checked: parameters, attributes of resources, values known after apply.\n" +
			"The account, Region and partition of a template are those of the deployment, if they are known.\n\n" +
			"A deployment file (sespolicy deployment) says which account, Region and guardrails count. Flags win over it. Without\n" +
			"one, the guardrails are those of the function's environment variables, if they are set.\n\n" +
			"The exit status is 0 when nothing was found, 1 when something was (warnings count with --strict), and 2 when a file\n" +
			"could not be read.",
		Example: "  sespolicy check policy.json\n" +
			"  sespolicy check --deployment sespolicy.json --strict requests/\n" +
			"  sespolicy check --deployment sespolicy.json --topic 111122223333 request.json\n" +
			"  sespolicy check template.yaml\n" +
			"  terraform show -json plan.out | sespolicy check -\n" +
			"  aws sesv2 get-email-identity-policies --email-identity a.com |\n" +
			"    sespolicy check --identity a.com -\n" +
			"  sespolicy check --format sarif policies/*.json > findings.sarif\n" +
			"  jq .Policy request.json | sespolicy check --identity example.com -",
		Args: func(_ *cobra.Command, names []string) error {
			if len(names) == 0 {
				return couldNot(errors.New("no file is named, a file or - for standard input was expected"))
			}
			return nil
		},
		RunE: func(command *cobra.Command, names []string) error { return flags.check(command, names) },
	}
	command.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return couldNot(err) })
	f := command.Flags()
	formatFlag(command, &flags.format, printout.Formats...)
	f.BoolVar(&flags.strict, "strict", false, "let warnings count as findings")
	f.StringVar(&flags.identity, "identity", "", "the identity that policies in files are for, a name or an ARN")
	f.StringVar(&flags.queueARN, "queue-arn", "", "the ARN of the request queue, for the account and the Region that identities are in")
	registerTopic(command, &flags.topic, "the name of the SNS topic that the requests will be published to")
	registerDeployment(command, &flags.deployment)
	flags.guardrails.register(command)
	completeFiles(command, "json", "ndjson", "jsonl", "yaml", "yml")
	return command
}

// examiner makes an examiner of the flags. unchecked is what it cannot check
// because it is not known.
func (c *checkFlags) examiner(command *cobra.Command) (e *examiner, unchecked string, err error) {
	var d deployment
	wrong := []error{checkFormat(c.format, printout.Formats...)}
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
	fence, known, err := c.guardrails.read(command, d.Guardrails)
	wrong = append(wrong, err)
	e = &examiner{fence: fence, owner: d.owner(), queueARN: d.queueARN(), topic: c.topic}
	if c.queueARN != "" {
		e.queueARN = c.queueARN
		e.owner, err = identity.ParseOwner(c.queueARN)
		wrong = append(wrong, err)
	}
	if c.identity != "" {
		id, err := identity.Parse(c.identity)
		wrong = append(wrong, err)
		e.identity = e.owner.Of(id)
	}
	switch {
	case e.owner.Account != "":
	case known:
		unchecked = "account and Region were not checked"
	default:
		unchecked = "account and Region were not checked, and the guardrails only with their defaults"
	}
	return e, unchecked, errors.Join(wrong...)
}

// check checks the files and writes what was found.
func (c *checkFlags) check(command *cobra.Command, names []string) error {
	e, unchecked, err := c.examiner(command)
	if err != nil {
		return couldNot(err)
	}
	files, failed := e.all(names, command.InOrStdin())
	if err := printout.Write(command.OutOrStdout(), c.format, files); err != nil {
		return couldNot(fmt.Errorf("writing what was found: %w", err))
	}
	violations, warnings := printout.Count(files)
	if c.format == "text" {
		_, _ = fmt.Fprintf(command.ErrOrStderr(), "%s checked: %s, %s\n", count(len(files), "file"), count(violations, "error"), count(warnings, "warning"))
	}
	if unchecked != "" {
		_, _ = fmt.Fprintf(command.ErrOrStderr(), "%s: give --deployment FILE, which its owner prints with sespolicy deployment\n", unchecked)
	}
	switch {
	case failed != nil:
		return couldNot(failed)
	case violations > 0 || c.strict && warnings > 0:
		return errShown
	default:
		return nil
	}
}

// all examines the files and those of folders, as many at a time as there are
// processors, and returns them in the order they were named. The error lists
// those that could not be read.
func (e *examiner) all(names []string, stdin io.Reader) ([]printout.File, error) {
	names, err := filesOf(names)
	files := make([]printout.File, len(names))
	failed := make([]error, len(names)+1)
	failed[len(names)] = err
	var next atomic.Int64
	var workers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(names)) {
		workers.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(names)); i = next.Add(1) - 1 {
				text, err := read(names[i], stdin)
				if err != nil {
					failed[i] = err
					continue
				}
				files[i] = e.examine(shown(names[i]), text)
			}
		})
	}
	workers.Wait()
	files = slices.DeleteFunc(files, func(f printout.File) bool { return f.Name == "" })
	return files, errors.Join(failed...)
}

// filesOf are the files that names mean, those of folders included.
func filesOf(names []string) ([]string, error) {
	var files []string
	var failed []error
	for _, name := range names {
		if name == standardInput {
			files = append(files, name)
			continue
		}
		found, err := requestfile.Names(name)
		files = append(files, found...)
		failed = append(failed, err)
	}
	return files, errors.Join(failed...)
}

// standardInput is the argument that stands for it.
const standardInput = "-"

// read reads a file or standard input: not more of it than is examined, and the
// byte more that says so.
func read(name string, stdin io.Reader) ([]byte, error) {
	if name == standardInput {
		text, err := io.ReadAll(io.LimitReader(stdin, document.MaxText+1))
		if err != nil {
			return nil, fmt.Errorf("reading standard input: %w", err)
		}
		return text, nil
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(file, document.MaxText+1))
	return text, errors.Join(err, file.Close())
}

func shown(name string) string {
	if name == standardInput {
		return "stdin"
	}
	return name
}
