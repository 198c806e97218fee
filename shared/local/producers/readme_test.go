package producers_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const root = "../../.."

// block is a fenced block of a page.
type block struct{ Heading, Kind, text string }

// example is a block, and what executes it. The order is that of the page: a block
// may need what the ones before it made.
type example struct {
	heading, kind string
	execute       func(t *testing.T, r *reader, text string)
}

// pages are all pages for people, with an example for each of their blocks.
var pages = map[string][]example{
	"README.md":                        frontPage,
	"events/README.md":                 eventsPage,
	"functions/apply-policy/README.md": operationsPage,
	"shared/README.md":                 codePage,
	"shared/account/README.md":         accountPage,
}

var fence = regexp.MustCompile("(?ms)^(<!-- Not executed: [^\n]+ -->\n)?```([a-z]*)\n(.*?)^```$")

// blocks are the fenced blocks of a page, each with the heading above it. A block
// that nothing can execute has a comment above it that says why.
func blocks(t *testing.T, page string) (found []block) {
	t.Helper()
	text := readFile(t, filepath.Join(root, page))
	for _, at := range fence.FindAllStringSubmatchIndex(text, -1) {
		heading := ""
		for line := range strings.Lines(fence.ReplaceAllString(text[:at[0]], "")) {
			if strings.HasPrefix(line, "#") {
				heading = strings.Trim(line, "# \n")
			}
		}
		if marked := at[2] >= 0; !marked {
			found = append(found, block{heading, text[at[4]:at[5]], text[at[6]:at[7]]})
		}
	}
	return found
}

// Every block of every page is executed, in order. One that nothing here executes
// fails the test, and so does a page that has no list.
func TestExamplesOfThePages(t *testing.T) {
	for _, page := range markdown(t) {
		t.Run(page, func(t *testing.T) {
			var have, want []block
			found := blocks(t, page)
			for _, b := range found {
				have = append(have, block{Heading: b.Heading, Kind: b.Kind})
			}
			for _, e := range pages[page] {
				want = append(want, block{Heading: e.heading, Kind: e.kind})
			}
			if diff := cmp.Diff(want, have, cmp.AllowUnexported(block{})); diff != "" {
				t.Fatalf("the page has other blocks (+) than the test executes (-):\n%s", diff)
			}
			if len(found) == 0 {
				return
			}
			r := newReader(t)
			for i, e := range pages[page] {
				t.Run(e.heading, func(t *testing.T) {
					r.t = t
					e.execute(t, r, found[i].text)
				})
			}
		})
	}
}

// markdown is every page of the project, but for the report of the bench.
func markdown(t *testing.T) (found []string) {
	t.Helper()
	for _, pattern := range []string{"*.md", "*/*.md", "*/*/*.md"} {
		paths, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			page, err := filepath.Rel(root, path)
			if err != nil {
				t.Fatal(err)
			}
			found = append(found, filepath.ToSlash(page))
		}
	}
	return found
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func writeFile(t *testing.T, path, text string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}
