package finding

import "strings"

// Nearest returns the known name that name was evidently meant to be: the same
// name in another case, or the only closest one with at most one edit (insert,
// delete, replace, swap neighbors) per four letters of the shorter name. ok is
// false if no name is close enough to be certain.
func Nearest(name string, known []string) (nearest string, ok bool) {
	// A name several times as long as any known one is no misspelling; this
	// also keeps the cost small whatever was written.
	const longest = 100
	if name == "" || len(name) > longest {
		return "", false
	}
	lower := strings.ToLower(name)
	best, tie := -1, false
	for _, k := range known {
		limit := min(len(k), len(lower)) / 4
		if abs(len(k)-len(lower)) > limit {
			continue
		}
		d := distance(lower, strings.ToLower(k))
		switch {
		case d == 0:
			return k, true
		case d > limit:
		case best < 0 || d < best:
			nearest, best, tie = k, d, false
		case d == best:
			tie = true
		}
	}
	return nearest, best >= 0 && !tie
}

// distance is the number of edits between a and b (optimal string alignment).
func distance(a, b string) int {
	before, row := make([]int, len(b)+1), make([]int, len(b)+1)
	next := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		next[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			next[j] = min(row[j]+1, next[j-1]+1, row[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				next[j] = min(next[j], before[j-2]+1)
			}
		}
		before, row, next = row, next, before
	}
	return row[len(b)]
}

func abs(n int) int {
	if n < 0 {
		return -n
	}
	return n
}
