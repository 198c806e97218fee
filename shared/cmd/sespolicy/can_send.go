package main

import (
	"errors"
	"fmt"
	"io"
	"net/mail"
	"net/netip"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"sespolicy/shared/access"
	"sespolicy/shared/account"
	"sespolicy/shared/account/sending"
	"sespolicy/shared/identity"
)

// questionFlags are what can-send is asked.
type questionFlags struct {
	from, principal, action, sourceIP string
	recipients, set                   []string
}

// answerStatus is the exit status of an answer.
var answerStatus = map[string]error{"yes": nil, "no": errShown, "unknown": exitError(3)}

func newCanSendCommand() *cobra.Command {
	var at accountFlags
	var flags questionFlags
	command := &cobra.Command{Use: "can-send --from ADDRESS --principal PRINCIPAL", Short: "Answer whether a principal may send as an address, and why"}
	at.register(command)
	f := command.Flags()
	f.StringVar(&flags.from, "from", "", "the address in From, with or without a display name")
	f.StringVar(&flags.principal, "principal", "", "who sends: account id, ARN, service, or * for a stranger")
	f.StringVar(&flags.action, "action", "ses:SendEmail", "the action called")
	f.StringVar(&flags.sourceIP, "source-ip", "", "the caller's IP address (aws:SourceIp)")
	f.StringSliceVar(&flags.recipients, "recipient", nil, "the recipients, ADDRESS,… (ses:Recipients)")
	f.StringArrayVar(&flags.set, "set", nil, "the value of a condition key, KEY=VALUE, or KEY if the request does not have it")
	return answering(command, func(command *cobra.Command, _ []string) (*answer, error) {
		name, request, err := flags.request(time.Now())
		if err != nil {
			return nil, badUse(err)
		}
		v, err := at.openAccount(command.Context())
		if err != nil {
			return nil, err
		}
		if len(v.regions) > 1 {
			return nil, badUse(errors.New("got several Regions, one was expected: a policy counts in the Region of its identity"))
		}
		if err := v.read(command.Context(), command.ErrOrStderr(), account.Levels(name)); err != nil {
			return nil, err
		}
		if err := v.unreadError(); err != nil {
			return nil, err
		}
		a, err := sending.Ask(v.regions[0], name, request)
		if err != nil {
			return nil, err
		}
		return &answer{a, func(out io.Writer) { writeSending(out, a) }}, answerStatus[a.Answer]
	}, "text", "json")
}

// bulk are the actions whose condition keys do not include the addresses.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsimpleemailservicev2.html
var bulk = []string{"sendbulkemail", "sendbulktemplatedemail"}

// request is the question, and the name of the identity that it is about.
func (q *questionFlags) request(now time.Time) (name string, request access.Request, err error) {
	if q.from == "" || q.principal == "" {
		return "", request, errors.New("--from and --principal were expected: who sends as whom")
	}
	from, display := q.from, ""
	if strings.Contains(from, "<") {
		parsed, err := mail.ParseAddress(from)
		if err != nil {
			return "", request, fmt.Errorf("--from %s: %w", q.from, err)
		}
		from, display = parsed.Address, parsed.Name
	}
	id, err := identity.Parse(from)
	if err != nil {
		return "", request, fmt.Errorf("--from %s: %w", q.from, err)
	}
	request.Action = q.action
	if request.Principal, err = access.ParsePrincipal(q.principal); err != nil {
		return "", request, fmt.Errorf("--principal %s: %w", q.principal, err)
	}
	request.Context = access.Context{}
	request.Context.SetTime(now)
	if action := strings.ToLower(q.action[strings.LastIndex(q.action, ":")+1:]); id.IsAddress() && action != bulk[0] && action != bulk[1] {
		request.Context["ses:FromAddress"] = []string{id.Name}
		if display != "" {
			request.Context["ses:FromDisplayName"] = []string{display}
		}
	}
	if len(q.recipients) > 0 {
		request.Context["ses:Recipients"] = q.recipients
	}
	if q.sourceIP != "" {
		if _, err := netip.ParseAddr(q.sourceIP); err != nil {
			return "", request, fmt.Errorf("--source-ip is %q, an IP address such as 192.0.2.7 or 2001:db8::7 was expected", q.sourceIP)
		}
		request.Context["aws:SourceIp"] = []string{q.sourceIP}
	}
	return id.Name, request, setKeys(request.Context, q.set)
}

// setKeys adds KEY=VALUE pairs. The first for a key replaces what the context
// has by other flags, in whatever case.
func setKeys(known access.Context, pairs []string) error {
	given := map[string]string{} // keys in lower case, as the context has them
	for _, pair := range pairs {
		key, value, valued := strings.Cut(pair, "=")
		if key == "" {
			return fmt.Errorf("--set is %q, KEY=VALUE was expected", pair)
		}
		folded := strings.ToLower(key)
		if _, again := given[folded]; !again {
			for other := range known {
				if strings.EqualFold(other, key) {
					delete(known, other)
				}
			}
			given[folded] = key
			known[key] = nil
		}
		if valued {
			known[given[folded]] = append(known[given[folded]], value)
		}
	}
	return nil
}

// writeSending writes the answer for people.
func writeSending(out io.Writer, a sending.Answer) {
	line := func(indent, text string) { paragraph(out, indent, text) }
	line("", a.Answer+": "+a.Reason)
	for _, s := range a.Deciding {
		line("  ", fmt.Sprintf("%s by %s, line %d column %d of the policy of %s", s.Effect, sending.Place(s), s.Line, s.Column, s.Identity))
	}
	for _, key := range a.Unknown {
		line("  ", "depends on "+key+": give it with --set "+key+"=VALUE")
	}
	for _, doubt := range a.Doubts {
		line("  ", "in doubt: "+doubt)
	}
	for _, who := range []string{"owner", "delegate"} {
		title := map[string]string{"owner": "The owner of the identity has to", "delegate": "The sender has to (not checked here)"}[who]
		for _, n := range a.Needs {
			if n.Who != who {
				continue
			}
			if title != "" {
				_, _ = fmt.Fprintln(out, "\n"+title)
				title = ""
			}
			line("  ", n.What)
			_, _ = fmt.Fprintln(out, "    "+n.Link) // whole, so that it can be opened
		}
	}
}
