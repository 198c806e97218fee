package response

import (
	"io"
	"net/http"
	"strings"
	"time"
)

// Status is the fault of a bucket that answers everything with one status, such as 503.
func Status(status int) Fault {
	return func(w http.ResponseWriter, _ *http.Request) bool {
		refuse(w, status, "Fault", http.StatusText(status))
		return true
	}
}

// Hang is the fault of a bucket that never answers: it waits until the caller gives up.
func Hang() Fault {
	return func(_ http.ResponseWriter, r *http.Request) bool {
		drain(r)
		<-r.Context().Done()
		panic(http.ErrAbortHandler)
	}
}

// Redirect is the fault of a bucket that sends callers elsewhere, method and body kept.
func Redirect(to string) Fault {
	return func(w http.ResponseWriter, r *http.Request) bool {
		http.Redirect(w, r, to, http.StatusTemporaryRedirect)
		return true
	}
}

// Endless is the fault of a bucket whose answer has the status and never ends: 4 KiB each
// millisecond until the caller gives up.
func Endless(status int) Fault {
	return func(w http.ResponseWriter, r *http.Request) bool {
		drain(r)
		w.WriteHeader(status)
		chunk := []byte(strings.Repeat("x", 4096))
		for r.Context().Err() == nil {
			if _, err := w.Write(chunk); err != nil {
				break
			}
			if f, ok := w.(http.Flusher); ok {
				f.Flush()
			}
			time.Sleep(time.Millisecond)
		}
		return true
	}
}

// drain reads the request to its end: before that the server does not notice that the caller is gone.
func drain(r *http.Request) {
	_, _ = io.Copy(io.Discard, io.LimitReader(r.Body, maxBody)) // what was sent does not matter here
}
