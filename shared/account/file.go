package account

import (
	"bytes"
	"encoding/json"

	"sespolicy/shared/account/meaning"
	"sespolicy/shared/document"
)

// Files are the requests that put the policies of the Region where they are, by
// their paths. They are the same as long as the policies mean the same.
func (r *Region) Files() map[string][]byte {
	files := map[string][]byte{}
	for _, id := range r.Contents.Identities {
		paths := Paths(r.Owner.Region, id)
		for _, p := range id.Policies {
			files[paths[p.Name]] = requestFile(r.Identity(id.Name).ARN(), p)
		}
	}
	return files
}

// requestFile is the request that puts the policy where it is. The identity is
// the ARN, so that the request has no effect in another account or Region. A
// text that is not JSON goes as a string.
func requestFile(identityARN string, p Policy) []byte {
	var policy any = p.Text
	if doc, findings := document.ReadString(p.Text); doc != nil && len(findings) == 0 && doc.Root().IsObject() {
		policy = json.RawMessage(meaning.Pretty(p.Text))
	}
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(struct {
		Identity   string
		PolicyName string
		Policy     any
	}{identityARN, p.Name, policy})
	if err != nil {
		panic(err) // strings, and JSON that was read before
	}
	return text.Bytes()
}
