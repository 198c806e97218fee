package main

import (
	"errors"
	"fmt"
	"net/mail"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"sespolicy/shared/access"
	"sespolicy/shared/account"
	"sespolicy/shared/identity"
)

// questionFlags are what can-send is asked.
type questionFlags struct {
	from, principal, action, sourceIP string
	recipients, set                   []string
	format                            string
}

func newCanSendCommand() *cobra.Command {
	var at accountFlags
	var flags questionFlags
	command := &cobra.Command{
		Use:   "can-send --from ADDRESS --principal PRINCIPAL",
		Short: "Answer whether a principal may send as an address, and why",
		Long: "Can-send evaluates the policies of the address, or of its domain, as the documentation describes, and names the\n" +
			"statement that decides. It says what the owner and the sender still have to do. A principal is an account id, the ARN\n" +
			"of a user, a role, a session or an account's root, the name of a service, or * for a stranger.\n\n" +
			"A condition key whose value was not given is unknown; aws:CurrentTime is now. --set KEY=VALUE gives a value, may be\n" +
			"repeated for several, and --set KEY says that the request does not have it. IAM permissions, service control policies\n" +
			"and the sandbox are not read: yes means that the identity's policies allow it.\n\n" +
			"It needs ses:ListEmailIdentities and ses:GetEmailIdentity. The exit status is 0 for yes, 1 for no, 3 for unknown, and\n" +
			"2 when the policies could not be read.",
		Example: "  sespolicy can-send --from news@example.com --principal 111122223333\n" +
			"  sespolicy can-send --from 'News <news@example.com>' \\\n" +
			"    --principal arn:aws:iam::111122223333:role/mailer --source-ip 192.0.2.7\n" +
			"  sespolicy can-send --from news@example.com \\\n" +
			"    --principal cognito-idp.amazonaws.com --set aws:SourceAccount=123456789012",
		Args: cobra.NoArgs,
		RunE: orCouldNot(func(command *cobra.Command, _ []string) error {
			if err := checkFormat(flags.format, "text", "json"); err != nil {
				return err
			}
			name, request, err := flags.request(time.Now())
			if err != nil {
				return err
			}
			v, err := at.openAccount(command.Context())
			if err != nil {
				return err
			}
			if v.several() {
				return errors.New("got several Regions, one was expected: a policy counts in the Region of its identity")
			}
			if err := v.read(command.Context(), command.ErrOrStderr(), account.Levels(name)); err != nil {
				return err
			}
			if err := v.unreadError(); err != nil {
				return err
			}
			return v.regions[0].canSend(command, name, request, flags.format)
		}),
	}
	at.register(command)
	f := command.Flags()
	f.StringVar(&flags.from, "from", "", "the address in From, with or without a display name")
	f.StringVar(&flags.principal, "principal", "", "who sends: account id, ARN, service, or * for a stranger")
	f.StringVar(&flags.action, "action", "ses:SendEmail", "the action called")
	f.StringVar(&flags.sourceIP, "source-ip", "", "the caller's IP address (aws:SourceIp)")
	f.StringSliceVar(&flags.recipients, "recipient", nil, "the recipients, ADDRESS,… (ses:Recipients)")
	f.StringArrayVar(&flags.set, "set", nil, "the value of a condition key, KEY=VALUE, or KEY if the request does not have it")
	formatFlag(command, &flags.format, "text", "json")
	couldNotUse(command)
	return command
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

// answerJSON is the answer, for programs.
type answerJSON struct {
	Answer  string            `json:"answer"`  // yes, no or unknown
	By      *access.Statement `json:"by"`      // the statement that decides, or may
	Unknown []string          `json:"unknown"` // condition keys that it depends on
	Needs   []need            `json:"needs"`
	Doubts  []string          `json:"doubts"` // what the documentation leaves open
	Region  string            `json:"region"`
	// Identity is the one whose policies decided; empty if there is none.
	Identity string `json:"identity"`
	Reason   string `json:"reason"`
	all      []access.Statement
}

// canSend answers.
func (r *regionView) canSend(command *cobra.Command, name string, request access.Request, format string) error {
	levels, policies, err := r.levels(name)
	if err != nil {
		return err
	}
	answer := r.answer(name, request, levels, policies)
	if format == "json" {
		err = writeJSON(command, answer)
	} else {
		answer.write(command.OutOrStdout())
	}
	switch {
	case err != nil:
		return err
	case answer.Answer == "no":
		return errShown
	case answer.Answer == "unknown":
		return &exitError{status: 3}
	default:
		return nil
	}
}

// answer decides, and says why.
func (r *regionView) answer(name string, request access.Request, levels []level, policies []*access.Policies) answerJSON {
	a := answerJSON{Answer: "no", Unknown: []string{}, Doubts: []string{}, Region: r.owner.Region}
	if len(levels) == 0 {
		a.Reason = fmt.Sprintf("account %s has no identity for %s in %s", r.owner.Account, name, r.owner.Region)
		a.Needs = []need{{"owner", fmt.Sprintf("verify %s or its domain in %s, then grant the sending", name, r.owner.Region), identitiesPage}}
		return a
	}
	d := access.Decide(request, policies...)
	a.Identity, a.all = d.Identity.Name, d.By
	a.Unknown, a.Doubts = append(a.Unknown, d.Keys...), append(a.Doubts, d.Doubts...)
	if len(d.By) > 0 {
		a.By = &d.By[0]
	}
	where := fmt.Sprintf("the policies of %s in %s", d.Identity.Name, r.owner.Region)
	switch {
	case d.Answer == access.Allowed:
		a.Answer, a.Reason = "yes", where+" allow it"
	case d.Answer == access.Denied:
		a.Reason = where + " deny it, and an explicit Deny wins"
	case d.Answer == access.NotAllowed && d.OwnAccount:
		a.Answer, a.Reason = "unknown", fmt.Sprintf("%s neither allow nor deny it; the principal is of the owner's account, so its IAM permissions decide", where)
	case d.Answer == access.NotAllowed:
		a.Reason = "no statement of " + where + " allows it"
	default:
		a.Answer, a.Reason = "unknown", where+" leave it open"
	}
	a.Needs = r.needs(name, request, d, levels)
	return a
}
