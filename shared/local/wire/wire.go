// Package wire is an HTTP client with no network: it calls a handler and hands
// back what the handler wrote. Given to an SDK client as its HTTPClient, the
// real client and the real handler run in one goroutine, so both can run inside
// a testing/synctest bubble.
//
// It buffers whole answers and does not stream.
package wire

import (
	"bytes"
	"errors"
	"io"
	"net/http"
)

// Client calls Handler for each request. It has the Do method that the SDK
// asks of an HTTP client.
type Client struct {
	Handler http.Handler
}

// Do serves one request. A handler that aborts with http.ErrAbortHandler has
// broken the connection (io.ErrUnexpectedEOF); a request whose context is done
// got no answer (the context's error), whatever the handler wrote.
func (c Client) Do(request *http.Request) (response *http.Response, err error) {
	if err := request.Context().Err(); err != nil {
		return nil, err
	}
	served := request.Clone(request.Context())
	if served.Body == nil {
		served.Body = http.NoBody
	}
	defer served.Body.Close() //nolint:errcheck // a request's body was read as far as the handler wanted
	served.RequestURI = request.URL.RequestURI()
	if served.Host == "" {
		served.Host = request.URL.Host
	}
	answer := &recorder{header: http.Header{}}
	defer func() {
		if p := recover(); p != nil {
			failure, ok := p.(error)
			if !ok || !errors.Is(failure, http.ErrAbortHandler) {
				panic(p)
			}
			response, err = nil, io.ErrUnexpectedEOF
		}
		if request.Context().Err() != nil {
			response, err = nil, request.Context().Err()
		}
	}()
	c.Handler.ServeHTTP(answer, served)
	return answer.response(request), nil
}

// recorder keeps what a handler writes.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header { return r.header }

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
}

func (r *recorder) Write(p []byte) (int, error) {
	r.WriteHeader(http.StatusOK)
	return r.body.Write(p)
}

func (r *recorder) response(request *http.Request) *http.Response {
	r.WriteHeader(http.StatusOK)
	return &http.Response{
		Status:        http.StatusText(r.status),
		StatusCode:    r.status,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        r.header,
		Body:          io.NopCloser(&r.body),
		ContentLength: int64(r.body.Len()),
		Request:       request,
	}
}
