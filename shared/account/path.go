package account

import (
	"fmt"
	"path"
	"strings"
)

// Path is the name of the file of a policy, with slashes:
// REGION/IDENTITY/NAME.json. In the identity, upper-case letters and everything
// that a file system may not take are percent-encoded, so that no two
// identities share a folder on a disk that ignores case.
func Path(region, identity, policyName string) string {
	return path.Join(region, escape(identity), policyName+".json")
}

// Paths are the paths of all policies of an identity, by name. Names that
// differ in case alone are told apart: their upper-case letters are
// percent-encoded too.
func Paths(region string, id Identity) map[string]string {
	alike := map[string]int{}
	for _, p := range id.Policies {
		alike[strings.ToLower(p.Name)]++
	}
	paths := make(map[string]string, len(id.Policies))
	for _, p := range id.Policies {
		name := p.Name
		if alike[strings.ToLower(name)] > 1 {
			name = escape(name)
		}
		paths[p.Name] = Path(region, canonical(id.Name), name)
	}
	return paths
}

// escape leaves lower-case letters, digits and a few harmless characters.
func escape(name string) string {
	var b strings.Builder
	for i := range len(name) {
		switch c := name[i]; {
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9', strings.IndexByte("@-_+=", c) >= 0, c == '.' && i > 0:
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}
