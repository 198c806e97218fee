package account_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sespolicy/shared/account"
)

func TestDeciding(t *testing.T) {
	contents := account.Contents{}
	for _, name := range []string{"example.com", "Eu.example.com", "news@example.com", "News@example.com"} {
		contents.Identities = append(contents.Identities, account.Identity{Name: name})
	}
	for reason, test := range map[string]struct{ name, want string }{
		"an address and its domain":    {"news@example.com", "news@example.com example.com"},
		"an address in another case":   {"News@example.com", "News@example.com example.com"},
		"an address that is none":      {"sales@example.com", "example.com"},
		"an address with a label":      {"news+june@example.com", "news@example.com example.com"},
		"the domain of an address":     {"sales@EXAMPLE.com", "example.com"},
		"the closest domain":           {"a@mail.eu.example.com", "Eu.example.com"},
		"a domain in another case":     {"EXAMPLE.com", "example.com"},
		"a subdomain that is none":     {"us.example.com", "example.com"},
		"a domain that ends the same":  {"myexample.com", ""},
		"a domain of somebody else":    {"a@example.org", ""},
		"a name of one label, no name": {"com", ""},
	} {
		var names []string
		for _, id := range contents.Deciding(test.name) {
			names = append(names, id.Name)
		}
		if got := strings.Join(names, " "); got != test.want {
			t.Errorf("%s: got %q, want %q", reason, got, test.want)
		}
	}
}

func TestPaths(t *testing.T) {
	for identity, want := range map[string]string{
		"Example.com":       "us-east-1/example.com/P.json",
		"Joe@Example.com":   "us-east-1/%4Aoe@%45xample.com/P.json",
		"a/../b@x.example":  "us-east-1/a%2F..%2Fb@x.example/P.json",
		".hidden@x.example": "us-east-1/%2Ehidden@x.example/P.json",
		"a%4A@x.example":    "us-east-1/a%254%41@x.example/P.json",
	} {
		id := account.Identity{Name: identity, Policies: []account.Policy{{Name: "P"}}}
		if got := account.Paths("us-east-1", id)["P"]; got != want {
			t.Errorf("%s: got %s, want %s", identity, got, want)
		}
	}
	id := account.Identity{Name: "x.example", Policies: []account.Policy{{Name: "Ab"}, {Name: "aB"}, {Name: "C"}}}
	want := map[string]string{"Ab": "r/x.example/%41b.json", "aB": "r/x.example/a%42.json", "C": "r/x.example/C.json"}
	if diff := cmp.Diff(want, account.Paths("r", id)); diff != "" {
		t.Error(diff)
	}
}
