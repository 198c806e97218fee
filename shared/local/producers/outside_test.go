package producers_test

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// outside is all of the network but the local stack: a proxy that the
// function's environment names, so that every call that leaves this machine is
// seen here. Behind it stand the hosts that it has a certificate for, with one
// handler; all others it refuses.
type outside struct {
	URL  string // of the proxy
	CA   string // path of the certificate that the hosts show
	cert tls.Certificate

	mu      sync.Mutex
	handler http.Handler
	called  []string // HOST:PORT of every call, in order
}

// newOutside starts it. The function trusts it with the environment that
// environment returns.
func newOutside(t *testing.T, hosts ...string) *outside {
	t.Helper()
	o := &outside{}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: hosts, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	o.cert = tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
	o.CA = filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(o.CA, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		o.mu.Lock()
		o.called = append(o.called, r.Host)
		o.mu.Unlock()
		host, _, _ := net.SplitHostPort(r.Host)
		if r.Method != http.MethodConnect || !slices.Contains(hosts, host) {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		_, _ = io.WriteString(conn, "HTTP/1.1 200 Connection established\r\n\r\n") // a broken connection ends below
		o.serve(conn)
	}))
	t.Cleanup(proxy.Close)
	o.URL = proxy.URL
	return o
}

// serve answers one request on a connection.
func (o *outside) serve(conn net.Conn) {
	defer conn.Close() //nolint:errcheck // nothing is left to say
	inside := tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{o.cert}, MinVersion: tls.VersionTLS12})
	request, err := http.ReadRequest(bufio.NewReader(inside))
	if err != nil {
		return
	}
	o.mu.Lock()
	handler := o.handler
	o.mu.Unlock()
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, request)
	result := answer.Result()
	result.Close = true
	_ = result.Write(inside) // a client that is gone needs no answer
	_ = inside.Close()
}

// environment is the function's: AWS as it is, through the proxy.
func (o *outside) environment() map[string]string {
	return map[string]string{"AWS_ENDPOINT_URL_S3": "", "HTTP_PROXY": o.URL, "HTTPS_PROXY": o.URL, "AWS_CA_BUNDLE": o.CA}
}

// calls are the hosts that were called since the last time.
func (o *outside) calls() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	called := o.called
	o.called = nil
	return called
}

// virtualHosted serves S3's virtual-hosted style by a handler of the path style.
func virtualHosted(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		bucket, _, _ := strings.Cut(r.Host, ".")
		r.URL.Path = "/" + bucket + r.URL.Path
		next.ServeHTTP(w, r)
	})
}
