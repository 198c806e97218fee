package redrive

import (
	"context"
	"errors"
	"fmt"
)

// ErrGone is the error for a letter that a look does not find: deleted,
// redriven, or received by another consumer.
var ErrGone = errors.New("it is not on the dead-letter queue, or another consumer has it in flight")

// Replace sends another body in place of the letter with this id, and then
// deletes the letter. The new message has the sender's own attributes. If the
// letter is gone, nothing is sent and the error is ErrGone.
func (r Redrive) Replace(ctx context.Context, id, body string) (sent string, err error) {
	look, err := Find(ctx, r.Client, r.From, Filter{IDs: []string{id}}, r.Waiting)
	defer func() { err = errors.Join(err, look.Release(ctx)) }()
	switch {
	case err != nil:
		return "", err
	case len(look.Letters) == 0:
		return "", fmt.Errorf("letter %s: %w", id, ErrGone)
	}
	if err := r.hold(ctx, look, look.Letters); err != nil {
		return "", err
	}
	letter := look.Letters[0]
	if sent, err = r.send(ctx, letter, body); err != nil {
		return "", err
	}
	if err := look.delete(ctx, letter.ID); err != nil {
		return sent, fmt.Errorf("the new request was sent as message %s, and the old letter is still there: %w", sent, err)
	}
	return sent, nil
}
