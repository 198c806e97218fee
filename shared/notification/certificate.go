package notification

import (
	"bytes"
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"sespolicy/shared/identity"
)

const (
	// maxCertificate is the longest certificate file, in bytes; those of SNS have
	// about 2,000.
	maxCertificate = 16 << 10
	// fetchTimeout limits reading one certificate.
	fetchTimeout = 5 * time.Second
	// pause is how long no certificate is read after one could not be: the other
	// messages of a batch need not wait for the timeout too.
	pause = 10 * time.Second
	// maxCached is how many certificates are kept. SNS uses one at a time in a
	// Region, and replaces it about once a year.
	maxCached = 8
	// minKey is the shortest key that is trusted, in bits.
	minKey = 2048
)

// Client sends HTTP requests. It must not follow redirects.
type Client interface {
	Do(request *http.Request) (*http.Response, error)
}

// Verifier verifies notifications, and keeps the certificates that it has read
// as long as it lives. It is safe for concurrent use.
type Verifier struct {
	client   Client
	endpoint string // in place of SNS's own; empty for that
	keys     *lru.Cache[string, certificate]

	mu     sync.Mutex
	paused time.Time // until when no certificate is read
}

// New returns a verifier that reads certificates with client, from SNS's own
// endpoint or from the one that [Endpoint] returned.
func New(client Client, endpoint string) *Verifier {
	keys, _ := lru.New[string, certificate](maxCached) // fails for sizes below 1 only
	return &Verifier{client: client, endpoint: endpoint, keys: keys}
}

// certificate is what is needed of one.
type certificate struct {
	key                 *rsa.PublicKey
	notBefore, notAfter time.Time
}

// key returns the key of the certificate at the address that a notification
// names. The error wraps [ErrUnsigned] or [ErrUnavailable].
func (v *Verifier) key(ctx context.Context, owner identity.Owner, address string) (*rsa.PublicKey, error) {
	if err := v.checkAddress(owner, address); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnsigned, err)
	}
	c, known := v.keys.Get(address)
	if !known {
		text, err := v.fetch(ctx, address)
		if err != nil {
			return nil, err
		}
		if c, err = parse(text); err != nil {
			return nil, fmt.Errorf("%w: the certificate at %s: %w", ErrUnsigned, address, err)
		}
	}
	if now := time.Now(); now.Before(c.notBefore) || now.After(c.notAfter) {
		return nil, fmt.Errorf("%w: the certificate at %s is valid from %v to %v", ErrUnsigned, address, c.notBefore, c.notAfter)
	}
	if !known {
		v.keys.Add(address, c)
	}
	return c.key, nil
}

// fetch reads the file at an address.
func (v *Verifier) fetch(ctx context.Context, address string) ([]byte, error) {
	if wait := v.pausing(); wait > 0 {
		return nil, fmt.Errorf("%w: it could not be read before, next attempt in %v", ErrUnavailable, wait)
	}
	attempt, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	text, err := v.get(attempt, address)
	if errors.Is(err, ErrUnavailable) && ctx.Err() == nil {
		v.mu.Lock()
		v.paused = time.Now().Add(pause)
		v.mu.Unlock()
	}
	return text, err
}

func (v *Verifier) pausing() time.Duration {
	v.mu.Lock()
	defer v.mu.Unlock()
	return time.Until(v.paused)
}

// get makes one attempt. A server that cannot answer now, 408, 429 and 5xx, may
// answer later; any other answer than 200 is final.
func (v *Verifier) get(ctx context.Context, address string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnsigned, err)
	}
	response, err := v.client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	defer func() { _ = response.Body.Close() }()
	switch status := response.StatusCode; {
	case status == http.StatusRequestTimeout, status == http.StatusTooManyRequests, status >= 500:
		return nil, fmt.Errorf("%w: %s answered %d", ErrUnavailable, address, status)
	case status != http.StatusOK:
		return nil, fmt.Errorf("%w: %s answered %d, want a certificate", ErrUnsigned, address, status)
	case response.Request != nil && response.Request.URL.String() != request.URL.String():
		return nil, fmt.Errorf("%w: %s redirects", ErrUnsigned, address)
	}
	text, err := io.ReadAll(io.LimitReader(response.Body, maxCertificate+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
	case len(text) > maxCertificate:
		return nil, fmt.Errorf("%w: the file at %s has more than %d bytes", ErrUnsigned, address, maxCertificate)
	}
	return text, nil
}

// parse reads a file of exactly one certificate, with an RSA key.
func parse(text []byte) (certificate, error) {
	text = bytes.TrimSpace(text)
	block, rest := pem.Decode(text)
	switch {
	case block == nil || !bytes.HasPrefix(text, []byte("-----BEGIN CERTIFICATE-----")) || block.Type != "CERTIFICATE":
		return certificate{}, errors.New("it is no certificate in PEM")
	case len(bytes.TrimSpace(rest)) > 0:
		return certificate{}, errors.New("there is more in the file than one certificate")
	}
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return certificate{}, err
	}
	key, ok := c.PublicKey.(*rsa.PublicKey)
	if !ok || key.N.BitLen() < minKey {
		return certificate{}, fmt.Errorf("it has no RSA key of at least %d bits", minKey)
	}
	return certificate{key, c.NotBefore, c.NotAfter}, nil
}
