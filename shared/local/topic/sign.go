package topic

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"math/big"
	"net/http"
	"strings"
	"sync"
	"time"
)

// CertificatePrefix begins the path of the signing certificate, as on AWS.
const CertificatePrefix = "/SimpleNotificationService-"

// signer is the key with which notifications are signed, and its certificate.
type signer struct {
	key  *rsa.PrivateKey
	pem  []byte
	path string // where the certificate is served
}

// newSigner makes the key of this process, once: that takes a while.
var newSigner = sync.OnceValues(func() (*signer, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	certificate := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: "sns.amazonaws.com"},
		DNSNames:     []string{"sns.amazonaws.com"},
		// Tests in virtual time begin in the year 2000.
		NotBefore: time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC),
		NotAfter:  time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC),
		KeyUsage:  x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, certificate, certificate, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	name := sha256.Sum256(der)
	return &signer{
		key:  key,
		pem:  pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		path: CertificatePrefix + hex.EncodeToString(name[:16]) + ".pem",
	}, nil
})

// signature signs what SNS signs of a notification: names and values by the
// order of the names, Subject only if there is one. Version 1 is SHA1, 2 is
// SHA256.
// https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message-verify-message-signature.html
func (s *signer) signature(n notification) (string, error) {
	parts := []string{"Message", n.Message, "MessageId", n.MessageID}
	if n.Subject != nil {
		parts = append(parts, "Subject", *n.Subject)
	}
	parts = append(parts, "Timestamp", n.Timestamp, "TopicArn", n.TopicARN, "Type", n.Type)
	text := []byte(strings.Join(parts, "\n") + "\n")
	kind, digest := crypto.SHA1, sha1.New()
	if n.SignatureVersion == "2" {
		kind, digest = crypto.SHA256, sha256.New()
	}
	_, _ = digest.Write(text) // a hash never fails
	signed, err := rsa.SignPKCS1v15(rand.Reader, s.key, kind, digest.Sum(nil))
	return base64.StdEncoding.EncodeToString(signed), err
}

// serveCertificate answers a GET of the signing certificate.
func serveCertificate(w http.ResponseWriter, r *http.Request) {
	own, err := newSigner()
	if err != nil || r.URL.Path != own.path {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/x-pem-file")
	_, _ = w.Write(own.pem) // the client may have gone: nobody to tell
}
