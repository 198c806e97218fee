package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/spf13/cobra"

	"sespolicy/shared/message"
	"sespolicy/shared/printout"
	"sespolicy/shared/redrive"
)

func newEditCommand() *cobra.Command {
	var at queueFlags
	var asNew bool
	command := &cobra.Command{
		Use:   "edit ID",
		Short: "Correct a dead letter in your editor, and send it back",
		Long: "Edit opens the letter's body in $VISUAL, $EDITOR or vi, indented. What you save is checked as the function would,\n" +
			"but for this deployment's guardrails, sent to the request queue with the sender's own attributes, and then the letter\n" +
			"is deleted. It is not hidden from others while you edit; if it is gone by then, nothing is sent.\n\n" +
			"A letter whose asker was told of the failure (CloudFormation, Step Functions) is edited with --as-new alone: that\n" +
			"takes the bare request out of its envelope, without a way to answer, so that it is asked for in your own name. Nobody\n" +
			"else hears of it; what could not be read of the old request is left out.",
		Args: cobra.ExactArgs(1),
		RunE: explained(func(command *cobra.Command, ids []string) error {
			found, err := at.open(command.Context(), needsRequests|needsDeadLetters)
			if err != nil {
				return err
			}
			letter, err := found.letter(command, ids[0])
			if err != nil {
				return err
			}
			if letter.AnsweredTo != "" && !asNew {
				return fmt.Errorf("%s was told that %s failed, and what is sent now would take effect behind its back: let it ask anew (deploy the stack, start the execution), or give --as-new to ask in your own name",
					letter.AnsweredTo, letter.ID)
			}
			return found.edit(command, letter, asNew)
		}),
	}
	at.register(command.Flags())
	command.Flags().BoolVar(&asNew, "as-new", false, "edit the bare request, out of its envelope")
	return command
}

// edit has a person edit the letter and sends it back.
func (q *queues) edit(command *cobra.Command, letter *redrive.Letter, asNew bool) error {
	text := indented(letter.Record.Body)
	if asNew {
		text = bare(letter.Request)
	}
	file, err := writeTemporary(text)
	if err != nil {
		return err
	}
	body, err := q.editUntilRight(command, file, text, asNew)
	if err != nil {
		if written, readErr := os.ReadFile(file); readErr == nil && string(written) == text {
			return errors.Join(fmt.Errorf("%w; nothing was changed, nothing was sent", err), os.Remove(file))
		}
		return fmt.Errorf("%w; nothing was sent, what you wrote is in %s", err, file)
	}
	if body == text && !asNew {
		body = letter.Record.Body // as it came, byte for byte
	}
	run := redrive.Redrive{Client: q.client, From: q.deadLetters, To: q.requests, Rate: 1}
	id, err := run.Replace(command.Context(), letter.ID, body)
	if err != nil {
		return fmt.Errorf("%w; what you wrote is in %s", err, file)
	}
	_, _ = fmt.Fprintf(command.OutOrStdout(), "%s is message %s\n", letter.ID, id)
	return os.Remove(file)
}

// editUntilRight opens the editor until nothing is wrong with the text or the
// person gives up. A text that was not changed is sent only when confirmed.
func (q *queues) editUntilRight(command *cobra.Command, file, before string, asNew bool) (string, error) {
	out, answers := command.ErrOrStderr(), bufio.NewReader(command.InOrStdin())
	e, err := openExaminer(q.requests.ARN)
	if err != nil {
		return "", err
	}
	for {
		if err := openEditor(command, file); err != nil {
			return "", err
		}
		written, err := os.ReadFile(file)
		if err != nil {
			return "", fmt.Errorf("reading what you wrote: %w", err)
		}
		body := strings.TrimSpace(string(written))
		found := e.asRequest(file, []byte(body))
		if err := printout.Write(out, "text", []printout.File{found}); err != nil {
			return "", err
		}
		violations, _ := printout.Count([]printout.File{found})
		question := ""
		switch {
		case violations > 0:
			question = "The function would refuse this. Edit again? [Y/n] "
		case asNew && !isBare(body):
			question = "This is in an envelope, or has a TaskToken: whoever asked was told already, write the bare request. Edit again? [Y/n] "
		case body == strings.TrimSpace(before):
			yes, err := ask(out, answers, "Nothing was changed. Send it back as it is? [y/N] ", false)
			if err == nil && !yes {
				err = errors.New("nothing was changed")
			}
			return before, err
		default:
			return body, nil
		}
		yes, err := ask(out, answers, question, true)
		if err == nil && !yes {
			err = errors.New("it is not right yet")
		}
		if err != nil {
			return "", err
		}
	}
}

// isBare reports whether a text is a request that nobody waits for.
func isBare(body string) bool {
	m, _ := openRequest(body, "")
	return m.Origin == "SQS" && m.TaskToken == ""
}

// ask asks a person; what an empty line means is said.
func ask(out io.Writer, answers *bufio.Reader, question string, empty bool) (bool, error) {
	_, _ = fmt.Fprint(out, question)
	line, err := answers.ReadString('\n')
	if err != nil {
		_, _ = fmt.Fprintln(out)
		return false, errors.New("there was no answer")
	}
	switch strings.ToLower(strings.TrimSpace(line)) {
	case "":
		return empty, nil
	case "y", "yes":
		return true, nil
	default:
		return false, nil
	}
}

// openEditor runs the editor as other tools do: the variable is a command line
// for the shell, the file its last argument.
func openEditor(command *cobra.Command, file string) error {
	editor := cmp.Or(os.Getenv("VISUAL"), os.Getenv("EDITOR"), "vi")
	run := exec.Command("sh", "-c", editor+` "$1"`, "sh", file)
	run.Stdin, run.Stdout, run.Stderr = os.Stdin, command.OutOrStdout(), command.ErrOrStderr()
	if err := run.Run(); err != nil {
		return fmt.Errorf("running the editor %q (set VISUAL or EDITOR): %w", editor, err)
	}
	return nil
}

// writeTemporary writes a file that only this user can read: a body may hold
// tokens and presigned URLs.
func writeTemporary(text string) (string, error) {
	file, err := os.CreateTemp("", "dead-letter-*.json")
	if err != nil {
		return "", fmt.Errorf("making a file for the editor: %w", err)
	}
	_, err = file.WriteString(text)
	return file.Name(), errors.Join(err, file.Close())
}

// indented is a JSON text with its white space set for reading; any other text
// as it is.
func indented(text string) string {
	value := jsontext.Value(text)
	if err := value.Indent(jsontext.WithIndent("  "), jsontext.AllowDuplicateNames(true), jsontext.PreserveRawStrings(true)); err != nil {
		return text
	}
	return string(value) + "\n"
}

// bare is a request by itself, as far as it could be read.
func bare(r message.Request) string {
	quote := func(text string) string { b, _ := json.Marshal(text); return string(b) } // a string always can be
	var b strings.Builder
	fmt.Fprintf(&b, `{"Action":%s,"Identity":%s,"PolicyName":%s`, quote(string(cmp.Or(r.Action, message.Put))), quote(r.Identity.Name), quote(r.PolicyName))
	switch {
	case r.Action == message.Delete:
	case jsontext.Value(r.Policy).IsValid(jsontext.AllowDuplicateNames(true)):
		fmt.Fprintf(&b, `,"Policy":%s`, r.Policy)
	default:
		fmt.Fprintf(&b, `,"Policy":%s`, quote(r.Policy))
	}
	b.WriteString("}")
	return indented(b.String())
}
