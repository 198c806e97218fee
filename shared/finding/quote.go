package finding

import (
	"strconv"
	"unicode/utf8"
)

// maxQuoted is the maximum number of code points of a requester's text that a
// message repeats.
const maxQuoted = 80

// Quote returns text in quotes for a message, shortened if it is long.
func Quote(text string) string {
	count := 0
	for i := range text {
		if count == maxQuoted {
			return strconv.Quote(text[:i]) + "…"
		}
		count++
	}
	if !utf8.ValidString(text) {
		return strconv.QuoteToASCII(text)
	}
	return strconv.Quote(text)
}
