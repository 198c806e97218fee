package redrive

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
)

// ErrGone is the error for a letter that is not to be had: deleted, redriven,
// or in other hands for now.
var ErrGone = errors.New("it is not on the dead-letter queue, or is in other hands for now")

// Replace sends another body in place of the letter with this id, and then
// deletes the letter. The sender's own attributes go with it. Nothing is sent
// when the letter is gone.
func (r Redrive) Replace(ctx context.Context, id, body string) (sent string, err error) {
	look, err := Find(ctx, r.Client, r.From, Filter{IDs: []string{id}})
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
	// Another body is another message: a FIFO queue must not take it for the copy
	// of the letter as it was.
	digest := sha256.Sum256([]byte(body))
	sent, err = r.send(ctx, look.Letters[0], body, id+"-"+hex.EncodeToString(digest[:16]))
	if err != nil {
		return "", err
	}
	if err := look.delete(ctx, id); err != nil {
		return sent, fmt.Errorf("the new request was sent as message %s, and the old letter is still there: %w", sent, err)
	}
	return sent, nil
}
