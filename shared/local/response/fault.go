package response

import (
	"net/http"
	"strings"
	"time"

	"sespolicy/shared/local/wire"
)

// Redirect is the fault of a bucket that sends callers elsewhere, method and
// body kept.
func Redirect(to string) Fault {
	return Fault{Answer: func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, to, http.StatusTemporaryRedirect)
	}}
}

// Endless is the fault of a bucket whose answer has the status and never ends:
// 4 KiB each millisecond until the caller gives up.
func Endless(status int) Fault {
	return Fault{Answer: func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(status)
		chunk := []byte(strings.Repeat("x", 4096))
		for wire.Wait(r.Context(), time.Millisecond) {
			if _, err := w.Write(chunk); err != nil {
				break
			}
			if f, ok := w.(http.Flusher); ok {
				f.Flush()
			}
		}
	}}
}
