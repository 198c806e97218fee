//go:build browser

package page_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"sespolicy/shared/local"
)

var picture = flag.String("picture", "", "write a picture of the page to this file")

// browse opens a page of the stack in a browser of its own.
func browse(t *testing.T, s *local.Stack) context.Context {
	t.Helper()
	options := append([]chromedp.ExecAllocatorOption{
		chromedp.ExecPath("chromium"), chromedp.WindowSize(1360, 1000),
		chromedp.UserDataDir(t.TempDir()),
	}, chromedp.NoFirstRun, chromedp.NoDefaultBrowserCheck, chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU)
	for _, name := range []string{"disable-quic", "disable-background-networking", "disable-component-update", "disable-sync"} {
		options = append(options, chromedp.Flag(name, true))
	}
	ctx, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	do(t, ctx, chromedp.Navigate(s.URL)) // a timeout of the first call would be the browser's
	ctx, cancel = context.WithTimeout(ctx, time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func do(t *testing.T, ctx context.Context, actions ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	if err := chromedp.Do(ctx, actions...); err != nil {
		body, _ := chromedp.Run(ctx, chromedp.Evaluate[string]("document.body.innerText"))
		t.Fatalf("%v, in\n%s", err, body)
	}
}

// becomes waits until an expression is true. The page's own rules allow no
// script of a string, so the waiting is part of the expression.
func becomes(condition string) chromedp.Action[chromedp.Void] {
	return chromedp.Evaluate[chromedp.Void](`new Promise((done, fail) => {
		const end = Date.now() + 15000;
		const look = () => (`+condition+`) ? done() : Date.now() > end ? fail(new Error("never: " + `+quote(condition)+`)) : setTimeout(look, 20);
		look();
	})`, chromedp.EvalAwaitPromise)
}

// shows waits until an element has a text.
func shows(selector, text string) chromedp.Action[chromedp.Void] {
	return becomes(`[...document.querySelectorAll(` + quote(selector) + `)].some((e) => e.textContent.includes(` + quote(text) + `))`)
}

// click clicks the first element.
func click(selector string) chromedp.Action[chromedp.Void] {
	return chromedp.Click(chromedp.CSS(selector))
}

// value is what an expression gives.
func value[T any](t *testing.T, ctx context.Context, expression string) T {
	t.Helper()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// fill puts a text into a field as pasting does.
func fill(id, text string) chromedp.Action[chromedp.Void] {
	return chromedp.Evaluate[chromedp.Void](`((id, text) => { const e = document.getElementById(id); e.focus(); e.select(); document.execCommand("insertText", false, text); })(` +
		quote(id) + "," + quote(text) + `)`)
}

func TestPasteCorrectSend(t *testing.T) {
	s := start(t)
	ctx := browse(t, s)
	good := `{"Identity": "example.com", "PolicyName": "MyPolicy", "Policy": {"Statement": ` + statement + `}}`
	do(t, ctx,
		fill("text", strings.Replace(good, "PolicyName", "PolicyNam", 1)),
		shows("#marks mark.error", `"PolicyNam"`),
		shows("#findings li", "did you mean PolicyName?"),
		shows("#submit", "Send anyway"),
	)
	do(t, ctx, click("#findings button.place"))
	selected := value[string](t, ctx, `text.value.slice(text.selectionStart, text.selectionEnd)`)
	do(t, ctx,
		chromedp.KeyEvent(`"PolicyName"`),
		shows("#findings", "Nothing is wrong with this request."),
		becomes(`!document.querySelector("#marks mark")`),
		click("#submit"),
		shows("#notice", "Sent as message"),
		shows("#flow .outcome", "Applied"),
		shows("#identities", "account 111122223333"),
	)
	if selected != `"PolicyNam"` {
		t.Errorf("the place selects %q", selected)
	}
	if got := s.Email.Policies()["example.com"]["MyPolicy"]; got != `{"Statement":`+statement+`}` {
		t.Errorf("SES has %q", got)
	}
}

// Everything can be done with the keyboard, and a policy by itself becomes a
// request.
func TestPolicyByKeyboard(t *testing.T) {
	s := start(t)
	ctx := browse(t, s)
	do(t, ctx,
		fill("text", `{"Statement": `+statement+`}`),
		becomes(`!document.getElementById("fields").hidden`),
		shows("#findings .place", "/PolicyName"),
		chromedp.KeyEvent("\t"), chromedp.KeyEvent("example.com"),
		chromedp.KeyEvent("\t"), chromedp.KeyEvent("Keys"),
		shows("#findings", "Nothing is wrong with this policy."),
		chromedp.KeyEvent("\t"), chromedp.KeyEvent("\r"),
		shows("#flow .outcome", "Applied"),
		shows("#identities summary", "Keys"),
	)
}

func TestPutBack(t *testing.T) {
	s := start(t)
	s.Email.SetUnknownPrincipals("111122223333")
	ctx := browse(t, s)
	send(t, s, `{"Identity":"example.com","PolicyName":"Fault","Policy":{"Statement":[]}}`)
	do(t, ctx,
		shows("#letters mark.error", "["),
		shows("#letters .findings", "no-statement"),
		chromedp.Evaluate[chromedp.Void](`document.querySelector("#letters details").open = false`),
		click("#letters form button"),
		shows("#notice", "put back on the request queue"),
		becomes(`document.querySelectorAll("#flow article").length === 2`),
		shows("#letters .findings", "no-statement"),
	)
	if got := len(s.DeadLetters().Snapshot()); got != 1 {
		t.Errorf("got %d letters, want the one that was refused again", got)
	}
}

func TestHostileTextStaysText(t *testing.T) {
	s := start(t)
	escaped := strings.TrimRight(hostile, "\a")
	send(t, s, `{"Identity":`+quote(escaped)+`,"PolicyName":`+quote(hostile)+`,"Policy":{"Statement":`+statement+`},`+quote(hostile)+`:0}`)
	send(t, s, `{"Identity":"example.com","PolicyName":"P","Policy":{"Statement":`+strings.Replace(statement, `"Effect"`, `"Sid":`+quote(hostile)+`,"Effect"`, 1)+`}}`)
	ctx := browse(t, s)
	do(t, ctx,
		chromedp.Evaluate[chromedp.Void](`window.alert = () => { window.ran = true; }`),
		fill("text", `{"Identity":`+quote(hostile)+`,`+escaped),
		shows("#findings li", "json-syntax"),
		shows("#letters", "onerror=alert(1)"),
		shows("#letters", `\u202e`),
		click("#letters form button"),
		shows("#notice", "put back"),
		shows("#letters", "onerror=alert(1)"),
	)
	nodes, ran := value[int](t, ctx, `document.querySelectorAll("img, body script").length`), value[bool](t, ctx, `window.ran === true`)
	if ran || nodes > 0 {
		t.Errorf("what a requester wrote ran (%v) or became %d elements", ran, nodes)
	}
}

// TestPicture looks at the page as the README shows it.
func TestPicture(t *testing.T) {
	s := start(t)
	ctx := browse(t, s)
	good := func(identity, name, principal string) string {
		return `{"Identity": "` + identity + `", "PolicyName": "` + name + `", "Policy": {"Statement": {"Effect": "Allow", "Principal": ` + principal +
			`, "Action": ["ses:SendEmail", "ses:SendRawEmail"], "Resource": "arn:aws:ses:us-east-1:123456789012:identity/` + identity + `"}}}`
	}
	send(t, s, good("example.com", "newsletter", `{"AWS": "arn:aws:iam::111122223333:role/mailer"}`))
	send(t, s, strings.Replace(good("example.com", "orders", `{"AWS": "444455556666"}`), `"Allow"`, `"Permit"`, 1))
	send(t, s, good("orders@example.com", "shop", `{"AWS": "444455556666"}`))
	draft := strings.Replace(pretty(t, good("example.com", "invoices", `{"AWS": "777788889999"}`)), `"PolicyName"`, `"PolicyNam"`, 1)
	do(t, ctx, fill("text", strings.Replace(draft, `"Allow"`, `"Alow"`, 1)), shows("#marks mark", "PolicyNam"), shows("#letters", "effect-value"), shows("#identities", "444455556666"))
	do(t, ctx, chromedp.Evaluate[chromedp.Void](`document.querySelector("header p").textContent = "http://`+local.DefaultListen+`"`))
	for name, look := range map[string]struct {
		scheme string
		width  int64
	}{"light": {"light", 1360}, "dark": {"dark", 1360}, "narrow": {"light", 400}, "columns": {"dark", 720}} {
		do(t, ctx, prefer(look.scheme), chromedp.EmulateViewport(look.width, 900))
		if value[bool](t, ctx, `document.documentElement.scrollWidth > innerWidth`) {
			t.Errorf("%s: the page is wider than the window", name)
		}
		shot, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
		if err != nil {
			t.Fatal(err)
		}
		if *picture != "" {
			file := strings.TrimSuffix(*picture, ".png") + "-" + name + ".png"
			if name == "light" {
				file = *picture
			}
			if err := os.WriteFile(file, shot, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// pretty is a JSON text as people paste it.
func pretty(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	if err := json.Indent(&b, []byte(text), "", "  "); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// prefer sets the color scheme that the person prefers.
func prefer(scheme string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
		return err
	})
}
