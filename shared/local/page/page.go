// Package page is the page that sespolicy local serves to a browser: what flows,
// the policies with who can send by them, the dead letters, and a box to check
// and send a request.
//
// It is for one person on one machine: there is no login, the front of package
// local refuses other hosts and origins. It keeps nothing: each answer shows
// what the services hold at that moment, and a script of the page's own asks
// every second. What requesters wrote is text: html/template escapes it, package
// printout makes visible what would hide or reorder it, and the policy of the
// page allows no script but its own.
//
// https://developer.mozilla.org/en-US/docs/Web/HTTP/Guides/CSP
package page

import (
	"bytes"
	"embed"
	"html/template"
	"net/http"
	"strings"

	"sespolicy/shared/local"
	"sespolicy/shared/printout"
)

//go:embed page.html page.css page.js
var files embed.FS

var templates = template.Must(template.New("").Funcs(template.FuncMap{
	"join":  func(list []string) string { return strings.Join(list, ", ") },
	"line":  printout.Escape,
	"lines": printout.EscapeLines,
}).ParseFS(files, "page.html"))

// securityPolicy allows what the page itself is made of.
const securityPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// maxForm bounds what is checked and sent: a message has at most 1 MiB, percent-encoded.
const maxForm = 4 << 20

// page is the page of one stack.
type page struct {
	stack *local.Stack
	http.ServeMux
}

// New makes the page, for local.Config.
func New(stack *local.Stack) http.Handler {
	p := &page{stack: stack}
	p.HandleFunc("GET /{$}", p.show("page"))
	p.HandleFunc("GET "+local.PagePrefix+"live", p.show("live"))
	for name, kind := range map[string]string{"page.css": "text/css", "page.js": "text/javascript"} {
		p.HandleFunc("GET "+local.PagePrefix+name, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", kind+"; charset=utf-8")
			http.ServeFileFS(w, r, files, name)
		})
	}
	p.HandleFunc("POST "+local.PagePrefix+"check", p.check)
	p.HandleFunc("POST "+local.PagePrefix+"send", p.send)
	p.HandleFunc("POST "+local.PagePrefix+"redrive", p.redrive)
	return p
}

// ServeHTTP serves the page and what it asks for.
func (p *page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", securityPolicy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	p.ServeMux.ServeHTTP(w, r)
}

// view is everything that the page shows.
type view struct {
	URL        string
	Notice     notice
	Waiting    int // requests on the queue
	Flow       []request
	Letters    []letter
	Identities []identityView
	Draft      draft
}

// notice is what became of what the person did.
type notice struct {
	Failed bool
	Text   string
	Hint   string
}

func (p *page) show(name string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { p.render(w, name, p.view(notice{})) }
}

// view looks at the services.
func (p *page) view(n notice) view {
	counts := p.stack.Source().Counts()
	letters := p.letters()
	return view{
		URL: p.stack.URL, Notice: n, Waiting: counts.Visible + counts.Delayed + counts.InFlight,
		Flow: p.flow(letters), Letters: letters, Identities: p.identities(),
	}
}

// answer tells what became of what the person did, with everything as it is now.
func (p *page) answer(w http.ResponseWriter, n notice) { p.render(w, "answer", p.view(n)) }

func (p *page) render(w http.ResponseWriter, name string, data any) {
	var b bytes.Buffer
	if err := templates.ExecuteTemplate(&b, name, data); err != nil {
		http.Error(w, "the page cannot be written: "+err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(b.Bytes()) // a browser that has gone needs no answer
}
