// Package wire is what the local services share: AWS's protocols (JSON, Query,
// REST) for answers and errors, the faults that tests switch on, and an HTTP
// client that calls a handler without a network.
//
// It knows no service and no action. Signatures are not checked.
//
// https://smithy.io/2.0/aws/protocols/index.html
package wire

import (
	"cmp"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
)

// Client calls Handler for each request and has the Do method that the SDK
// expects of an HTTP client. Client and handler run in one goroutine, so both
// can run inside a testing/synctest bubble. Whole answers are buffered.
type Client struct {
	Handler http.Handler
}

// Do serves one request. A handler that panics with http.ErrAbortHandler has
// broken the connection (io.ErrUnexpectedEOF). A request whose context has
// ended gets the context's error, whatever the handler wrote.
func (c Client) Do(request *http.Request) (response *http.Response, err error) {
	ctx := request.Context()
	served := request.Clone(ctx)
	served.RequestURI, served.Host = request.URL.RequestURI(), cmp.Or(request.Host, request.URL.Host)
	if served.Body == nil {
		served.Body = http.NoBody
	}
	defer served.Body.Close() //nolint:errcheck // only read
	recorder := httptest.NewRecorder()
	defer func() {
		failure := recover()
		broken, _ := failure.(error)
		switch {
		case failure != nil && !errors.Is(broken, http.ErrAbortHandler):
			panic(failure)
		case ctx.Err() != nil:
			response, err = nil, ctx.Err()
		case failure != nil:
			response, err = nil, io.ErrUnexpectedEOF
		}
	}()
	if ctx.Err() == nil {
		c.Handler.ServeHTTP(recorder, served)
	}
	response = recorder.Result()
	response.Request, response.ContentLength = request, int64(recorder.Body.Len())
	return response, nil
}
