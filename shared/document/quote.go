package document

import (
	"strconv"
	"unicode/utf8"
)

// maxQuoted is how many code points of the requester's text a message repeats.
const maxQuoted = 80

// Quote is text in quotes, shortened where it is long, for a message.
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
