package queue

import (
	"fmt"
	"slices"
	"time"
)

// group is one message group of a FIFO queue. While one of its messages is in
// flight it delivers nothing more.
type group struct {
	id       string
	entries  []*entry // in the order sent, those in flight included
	inFlight int
	listed   bool // in Queue.turns
}

// join adds a new entry at the end of its group.
func (q *Queue) join(e *entry) {
	g, found := q.groups[e.GroupID]
	if !found {
		g = &group{id: e.GroupID}
		q.groups[e.GroupID] = g
	}
	g.entries = append(g.entries, e)
}

// leave takes an entry out of its group, which may free the ones behind it.
func (q *Queue) leave(e *entry, was State) {
	g := q.groups[e.GroupID]
	at := slices.Index(g.entries, e)
	g.entries = slices.Delete(g.entries, at, at+1)
	if was == InFlight {
		g.inFlight--
	}
	if len(g.entries) == 0 {
		delete(q.groups, g.id)
		return
	}
	q.list(g)
}

// rejoin notes that an entry became visible, at its old place in the group.
func (q *Queue) rejoin(e *entry, was State) {
	g := q.groups[e.GroupID]
	if was == InFlight {
		g.inFlight--
	}
	q.list(g)
}

// list gives the group a turn: something in it changed. Whether it can deliver
// is seen when the turn comes.
func (q *Queue) list(g *group) {
	if !g.listed {
		g.listed = true
		q.turns = append(q.turns, g)
	}
}

// frontGroup returns the group whose turn it is, nil if there is none. Groups
// that can deliver nothing now lose their turn.
func (q *Queue) frontGroup() *group {
	for len(q.turns) > 0 {
		g := q.turns[0]
		if q.groups[g.id] == g && g.inFlight == 0 && g.entries[0].State == Visible {
			return g
		}
		q.endTurn()
	}
	return nil
}

func (q *Queue) endTurn() {
	q.turns[0].listed = false
	q.turns = q.turns[1:]
}

// pickFIFO takes up to limit entries for delivery: as many of one group as
// there are, then of the next. The caller hides them.
func (q *Queue) pickFIFO(limit int, now time.Time) []*entry {
	var picked []*entry
	for len(picked) < limit {
		g := q.frontGroup()
		if g == nil {
			break
		}
		q.endTurn()
		for _, e := range slices.Clone(g.entries) {
			if len(picked) == limit || e.State != Visible {
				break
			}
			if q.exhausted(e) {
				q.deadLetter(e, now)
				continue
			}
			picked = append(picked, e)
			g.inFlight++
		}
	}
	return picked
}

// deduplicationInterval is how long a FIFO queue knows a message it has seen.
const deduplicationInterval = 5 * time.Minute

// duplicate is what a FIFO queue answers to a message it has seen.
type duplicate struct {
	key   string
	until time.Time
	sent  Sent
}

// deduplicationKey is what two sends of one message have in common.
func (q *Queue) deduplicationKey(in Input) string {
	if q.settings.deduplicationScope == "messageGroup" {
		return in.GroupID + "\x00" + in.DeduplicationID
	}
	return in.DeduplicationID
}

func (q *Queue) duplicateOf(in Input, now time.Time) (Sent, bool) {
	for len(q.recent) > 0 && !q.recent[0].until.After(now) {
		delete(q.seen, q.recent[0].key)
		q.recent = q.recent[1:]
	}
	d, found := q.seen[q.deduplicationKey(in)]
	return d.sent, found
}

func (q *Queue) remember(in Input, sent Sent, now time.Time) {
	d := duplicate{q.deduplicationKey(in), now.Add(deduplicationInterval), sent}
	q.seen[d.key] = d
	q.recent = append(q.recent, d)
}

// sequenceNumber makes 20 digits that grow, like those of SQS, not by one.
func (s *Server) sequenceNumber() string {
	return fmt.Sprintf("188%017d", s.next()*256)
}
