package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/spf13/cobra"

	"sespolicy/shared/message"
	"sespolicy/shared/notification"
	"sespolicy/shared/printout"
	"sespolicy/shared/redrive"
)

func newEditCommand() *cobra.Command {
	var at target
	var asNew bool
	command := &cobra.Command{
		Use:   "edit ID",
		Short: "Correct a dead letter in your editor, and send it back",
		RunE: func(command *cobra.Command, ids []string) error {
			found, letter, known, err := at.letter(command, ids[0], requestQueue|deadLetterQueue)
			if err != nil {
				return err
			}
			if known.Told(letter) && !asNew {
				return withHint(fmt.Errorf("letter %s: %s, and it would not learn of what is sent now", letter.ID, known.ToldText(letter)), "%s", askAgain)
			}
			return found.edit(command, letter, asNew)
		},
	}
	at.register(command, requestQueue|deadLetterQueue|ledgerTable)
	command.Flags().BoolVar(&asNew, "as-new", false, "edit the bare request, out of its envelope")
	return command
}

// edit has a person edit the letter and sends it back. The file for the editor
// may hold tokens and presigned URLs: it stays only if it has work that was not
// sent, and not after an interruption.
func (q *queues) edit(command *cobra.Command, letter *redrive.Letter, asNew bool) (err error) {
	text := indented(letter.Record.Body)
	if asNew {
		text = bare(letter.Request)
	}
	file, err := writeTemporary(text)
	if err != nil {
		return err
	}
	defer func() {
		written, readErr := os.ReadFile(file)
		if err != nil && command.Context().Err() == nil && readErr == nil && string(written) != text {
			err = withHint(fmt.Errorf("%w; nothing was sent", err), "%s", strings.TrimSpace("what you wrote is in "+file+"\n"+hintOf(err)))
			return
		}
		if err != nil {
			err = fmt.Errorf("%w; nothing was sent", err)
		}
		err = errors.Join(err, os.Remove(file))
	}()
	body, err := q.editUntilRight(command, file, text, asNew)
	if err != nil {
		return err
	}
	if body == text && !asNew {
		body = letter.Record.Body // as it came, byte for byte
	}
	run := redrive.Redrive{Client: q.client, From: q.deadLetters, To: q.requests, Rate: 1, Waiting: sayWaiting(command.ErrOrStderr())}
	id, err := run.Replace(command.Context(), letter.ID, body)
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintf(command.OutOrStdout(), "%s was sent again as message %s\n", letter.ID, id)
	return nil
}

// editUntilRight opens the editor until nothing is wrong with the text or the
// person gives up. An unchanged text is sent only when confirmed.
func (q *queues) editUntilRight(command *cobra.Command, file, before string, asNew bool) (string, error) {
	ctx, out, answers := command.Context(), command.ErrOrStderr(), bufio.NewReader(command.InOrStdin())
	e, err := q.deployment.examiner()
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
		found := e.Body(file, []byte(body))
		if err := printout.Write(out, "text", []printout.File{found}); err != nil {
			return "", err
		}
		violations, _ := printout.Count([]printout.File{found})
		question := ""
		switch {
		case violations > 0:
			question = "The function would refuse this. Edit again? [Y/n] "
		case asNew && !isBare(body):
			question = "This is in an envelope, or has a TaskToken: its requester was told already, write the bare request. Edit again? [Y/n] "
		case body == strings.TrimSpace(before):
			yes, err := ask(ctx, out, answers, "Nothing was changed. Send it back as it is? [y/N] ", false)
			if err == nil && !yes {
				err = errors.New("nothing was changed")
			}
			return before, err
		case signed(before):
			yes, err := ask(ctx, out, answers, signatureLost, false)
			if err == nil && !yes {
				err = errors.New("its signature no longer fits")
			}
			return body, withSignatureHint(err)
		default:
			return body, nil
		}
		yes, err := ask(ctx, out, answers, question, true)
		if err == nil && !yes {
			err = errors.New("the request is not right yet")
		}
		if err != nil {
			return "", err
		}
	}
}

// signatureLost is asked before an edited notification is sent.
const signatureLost = "SNS signed this notification, and the signature no longer fits: the request counts as one without a topic.\n" +
	"Send it all the same? [y/N] "

// withSignatureHint says what to do in place of editing a notification.
func withSignatureHint(err error) error {
	if err == nil {
		return nil
	}
	return withHint(err, "publish the corrected request to the topic again: sespolicy send --topic-arn ARN; or use sespolicy dlq edit --as-new")
}

// signed reports whether a text is a notification with a signature. Whether SNS
// made it does not matter: an edited text has none.
func signed(text string) bool {
	n := notification.Parse(text)
	return n.Signature != "" && n.TopicARN != ""
}

// isBare reports whether a text is a request without an envelope or task token.
func isBare(body string) bool {
	m := openRequest(body, "")
	return m.Origin == "SQS" && m.TaskToken == ""
}

// editorGrace is how long an editor may take to end after an interruption.
const editorGrace = 2 * time.Second

// openEditor runs the editor as other tools do: the variable is a command line
// for the shell, the file its last argument. An interruption ends the editor.
func openEditor(command *cobra.Command, file string) error {
	ctx, editor := command.Context(), cmp.Or(os.Getenv("VISUAL"), os.Getenv("EDITOR"), "vi")
	run := exec.CommandContext(ctx, "sh", "-c", editor+` "$1"`, "sh", file)
	run.Stdin, run.Stdout, run.Stderr = os.Stdin, command.OutOrStdout(), command.ErrOrStderr()
	run.Cancel = func() error { return run.Process.Signal(syscall.SIGTERM) }
	run.WaitDelay = editorGrace
	err := run.Run()
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		return withHint(fmt.Errorf("running the editor %q: %w", editor, err), "set VISUAL or EDITOR")
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

// indented is a JSON text, indented for reading; any other text as it is.
func indented(text string) string {
	value := jsontext.Value(text)
	if err := value.Indent(jsontext.WithIndent("  "), jsontext.AllowDuplicateNames(true), jsontext.PreserveRawStrings(true)); err != nil {
		return text
	}
	return string(value) + "\n"
}

// bare is a request without its envelope, as far as it could be read.
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
