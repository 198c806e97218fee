package printout

// HasHelp reports whether a rule has a help text of its own.
func HasHelp(rule string) bool { _, ok := rules[rule]; return ok }
