package document

import (
	"slices"

	"sespolicy/shared/finding"
)

// pairwise is up to how many members comparing each with each is cheaper than a map.
const pairwise = 12

// findDuplicates notes the object's duplicate members, in time linear to its size.
func (r *reader) findDuplicates(object int32, count int) {
	if count <= pairwise {
		first := Node{r.doc, object + 1}
		for m := range (Node{r.doc, object}).children() {
			for e := first; e.i != m.i; e.i = r.doc.values[e.i].next {
				if e.Name() == m.Name() {
					r.duplicates = append(r.duplicates, m.i)
					break
				}
			}
		}
		return
	}
	seen := make(map[string]struct{}, count)
	for m := range (Node{r.doc, object}).children() {
		name := m.Name()
		if _, ok := seen[name]; ok {
			r.duplicates = append(r.duplicates, m.i)
		}
		seen[name] = struct{}{}
	}
}

func (r *reader) duplicateFindings() []finding.Finding {
	if len(r.duplicates) == 0 {
		return nil
	}
	slices.Sort(r.duplicates)
	list := finding.List{}
	for done, i := range r.duplicates {
		if list.Full(finding.Violation) {
			list.Leave(finding.Violation, len(r.duplicates)-done)
			break
		}
		n := Node{r.doc, i}
		list.Add(n.NameFault(RuleDuplicate, "got the member "+finding.Quote(n.Name())+" twice, expected it once").
			Help("keep one: JSON readers differ in which of the two they take"))
	}
	return list.Findings()
}
