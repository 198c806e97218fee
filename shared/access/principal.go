package access

import (
	"fmt"
	"slices"
	"strings"

	"sespolicy/shared/identity"
)

// Kind is what a principal is.
type Kind string

const (
	// Account is some principal of an account of which nothing else is known.
	Account Kind = "account"
	// Root is the root user of an account.
	Root Kind = "root"
	// User is an IAM user.
	User Kind = "user"
	// Role is a session of an IAM role, whatever the session's name.
	Role Kind = "role"
	// Session is one session of an IAM role.
	Session Kind = "session"
	// FederatedUser is a session made by GetFederationToken.
	FederatedUser Kind = "federated-user"
	// Federated is somebody whom an identity provider authenticated.
	Federated Kind = "federated"
	// Service is an AWS service that acts as itself.
	Service Kind = "service"
	// Everybody is a stranger: an IAM principal of an account that no policy
	// names. Only statements for everybody apply to it.
	Everybody Kind = "everybody"
	// Anonymous is a request that is not signed.
	Anonymous Kind = "anonymous"
	// Organization is everybody in an organization: grants only, see [Grant].
	Organization Kind = "organization"
	// Other is a principal that names nobody by itself, such as the unique id
	// of a user or role: grants only.
	Other Kind = "other"
)

// Principal is who makes a request. The zero value is nobody; use
// [ParsePrincipal].
type Principal struct {
	Kind Kind
	Name string // as given: the ARN, the account id, the service's name
	// Partition and Account are where an IAM principal lives. Partition is
	// empty for an account id: it may be of any.
	Partition, Account string
}

// ParsePrincipal reads a principal: an account id (somebody of that account),
// the ARN of a root user, an IAM user, a role, an assumed-role session, a
// federated user or an identity provider, the name of a service or a provider,
// "*" (a stranger), or "anonymous".
func ParsePrincipal(text string) (Principal, error) {
	p := Principal{Name: text}
	switch {
	case text == "*":
		p.Kind = Everybody
	case text == "anonymous":
		p.Kind = Anonymous
	case identity.IsAccount(text):
		p.Kind, p.Account = Account, text
	case slices.Contains(webProviders, text):
		p.Kind = Federated
	case strings.HasPrefix(text, "arn:"):
		a, ok := splitARN(text)
		p.Partition, p.Account = a.partition, a.account
		if p.Kind = a.kind(); !ok || p.Kind == Other || !identity.IsAccount(a.account) || strings.ContainsAny(text, "*?") {
			return Principal{}, fmt.Errorf("%.200q is not the ARN of a root user, user, role, session or identity provider", text)
		}
	case isServiceName(text):
		p.Kind = Service
	default:
		return Principal{}, fmt.Errorf("%.200q is not a principal, expected an account id, an ARN, a service like ses.amazonaws.com, or *", text)
	}
	return p, nil
}

// String is the principal as it was given.
func (p Principal) String() string { return p.Name }

// IsIAM reports whether the principal belongs to an account that is known.
func (p Principal) IsIAM() bool {
	switch p.Kind {
	case Account, Root, User, Role, Session, FederatedUser:
		return true
	default:
		return false
	}
}

// hasARN reports whether the name is the principal's aws:PrincipalArn. Of a
// session, that is the role's, with a path that the session's ARN leaves out.
func (p Principal) hasARN() bool {
	return p.Kind == Root || p.Kind == User || p.Kind == Role || p.Kind == FederatedUser
}

// webProviders are the identity providers that have names
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html#principal-federated-web-identity).
var webProviders = []string{"cognito-identity.amazonaws.com", "www.amazon.com", "graph.facebook.com", "accounts.google.com"}

// isServiceName reports whether text has the form of a service principal:
// labels of letters, digits and hyphens under amazonaws.com or amazon.com, of
// any partition.
func isServiceName(text string) bool {
	for _, c := range []byte(text) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '.' {
			return false
		}
	}
	return strings.Contains(text, ".amazon") && !strings.Contains(text, "..")
}

// arn is the fields of an ARN.
type arn struct{ partition, service, region, account, resource string }

func splitARN(text string) (a arn, ok bool) {
	f := strings.SplitN(text, ":", 6)
	if len(f) < 6 || f[0] != "arn" {
		return arn{}, false
	}
	return arn{f[1], f[2], f[3], f[4], f[5]}, true
}

// kind is which kind of principal the ARN names.
func (a arn) kind() Kind {
	kind, name, _ := strings.Cut(a.resource, "/")
	switch a.service + " " + kind {
	case "iam root":
		if a.resource == "root" {
			return Root
		}
	case "iam user":
		return named(User, name)
	case "iam role":
		return named(Role, name)
	case "sts assumed-role":
		if role, session, _ := strings.Cut(name, "/"); role != "" && session != "" {
			return Session
		}
	case "sts federated-user":
		return named(FederatedUser, name)
	case "iam saml-provider", "iam oidc-provider":
		return named(Federated, name)
	}
	return Other
}

// named is kind, if there is a name.
func named(kind Kind, name string) Kind {
	if name == "" || strings.HasSuffix(name, "/") {
		return Other
	}
	return kind
}

// roleName is the name of the role that a role's or session's ARN is about,
// without its path: it is unique within the account.
func (a arn) roleName() string {
	if rest, found := strings.CutPrefix(a.resource, "assumed-role/"); found {
		name, _, _ := strings.Cut(rest, "/")
		return name
	}
	return lastElement(a.resource)
}

// sessionName is the last part of an assumed-role session's ARN.
func (a arn) sessionName() string {
	_, rest, _ := strings.Cut(a.resource, "/")
	_, session, _ := strings.Cut(rest, "/")
	return session
}

func lastElement(path string) string { return path[strings.LastIndexByte(path, '/')+1:] }
