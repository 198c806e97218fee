package main

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/cfn"
	"github.com/aws/aws-lambda-go/events"
)

// smallWorld is two instances of the function, a few messages, SES and the
// ledger's table. Nothing in it happens by itself: each step is chosen. It is a
// value: clone copies it, and what it holds is never changed in place.
type smallWorld struct {
	table    smallTable
	ses      map[string]string // by policy name: the text
	workers  []smallWorker
	messages []smallMessage
	underway []underway // calls that arrive late
	budget   int        // faults that may still strike
	changes  int        // calls that changed SES
	faulty   string     // what a rule says against it; empty for nothing
}

// smallMessage is a message on the queue.
type smallMessage struct {
	copies  int // deliveries that are due
	hidden  int // those that are due after the visibility timeout
	ended   bool
	inDoubt bool           // its last delivery failed, so it may have an effect nobody knows of
	status  cfn.StatusType // what its stack was told
}

// underway is a call that was made and has not arrived.
type underway struct {
	smallCall
	of []int // the messages of its batch
}

// smallWorker is an instance, idle or in an invocation.
type smallWorker struct {
	batch   []int // the messages; nil if it is idle
	history []told
	text    string    // of the batch and the history
	next    smallCall // which it is about to make
}

func (w smallWorld) clone() *smallWorld {
	w.table, w.ses = maps.Clone(w.table), maps.Clone(w.ses)
	w.workers, w.messages, w.underway = slices.Clone(w.workers), slices.Clone(w.messages), slices.Clone(w.underway)
	return &w
}

// choice is one step that is possible.
type choice struct {
	name string
	do   func(*smallWorld)
}

// beginning is the world before anything was delivered.
func (e *exploration) beginning() *smallWorld {
	w := &smallWorld{table: smallTable{}, ses: map[string]string{}, workers: make([]smallWorker, 2), budget: e.faults}
	for name, n := range e.scenario.has {
		w.ses[name] = policyNumber(n)
	}
	for range e.scenario.requests {
		w.messages = append(w.messages, smallMessage{copies: e.copies})
	}
	return w
}

// recordOf is the message of a request. The bubble of an invocation begins at the
// same moment each time.
func recordOf(number int, r smallRequest) events.SQSMessage {
	sent := time.Date(2000, 1, 1, 0, 0, r.sent, 0, time.UTC).UnixMilli()
	return events.SQSMessage{
		MessageId: fmt.Sprintf("message-%d", number), Body: r.body(), EventSourceARN: "arn:aws:sqs:us-east-1:123456789012:RequestQueue",
		Attributes: map[string]string{"SentTimestamp": strconv.FormatInt(sent, 10), "ApproximateReceiveCount": "1", "SenderId": "AIDA"},
	}
}

// choices are the steps that are possible now.
func (e *exploration) choices(w *smallWorld) []choice {
	var list []choice
	for i, worker := range w.workers {
		if worker.batch == nil {
			continue
		}
		if !w.awaits(worker.batch) || worker.next.kind == "read" || worker.next.kind == "write" {
			list = append(list, e.step(i, worker, proceeds))
		}
		if w.budget > 0 {
			for _, f := range worker.next.fates() {
				list = append(list, e.step(i, worker, f))
			}
		}
	}
	for i, late := range w.underway {
		list = append(list,
			choice{"late: " + late.String() + " arrives", func(w *smallWorld) { e.arrive(w, i, true) }},
			choice{"late: " + late.String() + " is lost", func(w *smallWorld) { e.arrive(w, i, false) }})
	}
	return append(list, e.deliveries(w)...)
}

// deliveries are the deliveries that are possible: of one message or of all that
// are due. Instances that are idle are alike, so the first one takes it.
func (e *exploration) deliveries(w *smallWorld) []choice {
	idle := slices.IndexFunc(w.workers, func(w smallWorker) bool { return w.batch == nil })
	if idle < 0 {
		return nil
	}
	var list []choice
	var due []int
	hidden := false
	for m, message := range w.messages {
		hidden = hidden || message.hidden > 0
		if message.copies == 0 || w.awaits([]int{m}) || m >= e.scenario.first && w.before(e.scenario.first) {
			continue
		}
		due = append(due, m)
		list = append(list, choice{fmt.Sprintf("instance %d receives message %d", idle, m), func(w *smallWorld) { e.deliver(w, idle, m) }})
	}
	if len(due) > 1 {
		list = append(list, choice{fmt.Sprintf("instance %d receives %v", idle, due), func(w *smallWorld) { e.deliver(w, idle, due...) }})
	}
	for _, m := range due {
		if w.budget == 0 {
			break
		}
		list = append(list, choice{fmt.Sprintf("instance %d receives %v, and %d will come twice", idle, due, m), func(w *smallWorld) {
			w.budget--
			w.messages[m].copies++
			e.deliver(w, idle, due...)
		}})
		if len(due) > 1 {
			list = append(list, choice{fmt.Sprintf("instance %d receives %d, which will come twice", idle, m), func(w *smallWorld) {
				w.budget--
				w.messages[m].copies++
				e.deliver(w, idle, m)
			}})
		}
	}
	if w.resting() && (hidden || len(due) > 0 && w.leased()) {
		list = append(list, choice{"the visibility timeout passes", pass})
	}
	return list
}

// before reports whether one of the first messages has not ended.
func (w *smallWorld) before(first int) bool {
	return slices.ContainsFunc(w.messages[:first], func(m smallMessage) bool { return !m.ended })
}

// awaits reports whether a call of SES for one of the messages is under way. SES
// gets it before a later delivery of the same message makes a call: between the
// two is at least half a minute.
func (w *smallWorld) awaits(messages []int) bool {
	return slices.ContainsFunc(w.underway, func(late underway) bool {
		return late.kind != "write" && slices.ContainsFunc(late.of, func(m int) bool { return slices.Contains(messages, m) })
	})
}

// resting reports whether no instance is in an invocation.
func (w *smallWorld) resting() bool {
	return !slices.ContainsFunc(w.workers, func(w smallWorker) bool { return w.batch != nil })
}

func (w *smallWorld) leased() bool {
	for _, r := range w.table {
		if r.leased {
			return true
		}
	}
	return false
}

// pass lets the visibility timeout pass: what a killed instance had comes again,
// and no lease is left.
func pass(w *smallWorld) {
	for i := range w.messages {
		m := &w.messages[i]
		m.copies, m.hidden = m.copies+m.hidden, 0
	}
	w.table.forget(func(r *row) { r.leased = false })
}

// deliver hands messages to an instance.
func (e *exploration) deliver(w *smallWorld, number int, messages ...int) {
	for _, m := range messages {
		w.messages[m].copies--
	}
	e.goOn(w, number, smallWorker{batch: messages, text: fmt.Sprint(messages)})
}

// goOn has an instance run to its next call.
func (e *exploration) goOn(w *smallWorld, number int, worker smallWorker) {
	var batch []events.SQSMessage
	for _, m := range worker.batch {
		batch = append(batch, e.records[m])
	}
	worker.next = e.function.next(worker.text, batch, worker.history)
	w.workers[number] = worker
}

// step has an instance make its next call, with a fate.
func (e *exploration) step(number int, worker smallWorker, f fate) choice {
	name := fmt.Sprintf("instance %d: %v: %s", number, worker.next, f)
	if f == proceeds {
		name = fmt.Sprintf("instance %d: %v", number, worker.next)
	}
	return choice{name, func(w *smallWorld) {
		if f != proceeds {
			w.budget--
			for _, m := range worker.batch {
				w.messages[m].inDoubt = true
			}
		}
		if f == timesOut || f == killedAt {
			w.underway = append(w.underway, underway{worker.next.by(number), worker.batch})
		}
		if f == killed || f == killedAt {
			e.kill(w, number, worker)
			return
		}
		t := told{fate: f}
		if f == proceeds || f == lost {
			t = e.act(w, number, worker.next.by(number))
			t.fate = f
		}
		if worker.next.kind == "end" {
			e.end(w, number, worker)
			return
		}
		worker.history = append(slices.Clip(worker.history), t)
		digest := sha256.Sum256([]byte(worker.text + t.String()))
		worker.text = string(digest[:12])
		e.goOn(w, number, worker)
	}}
}

func instanceName(number int) string { return fmt.Sprintf("instance %d", number) }

// by is the call with the names of the instance in place of its own.
func (c smallCall) by(number int) smallCall {
	c.writes = slices.Clone(c.writes)
	for i := range c.writes {
		r := &c.writes[i].row
		r.write = instanceName(number) + " " + r.write
		if r.instance == ownInstance {
			r.instance = instanceName(number)
		}
	}
	return c
}

// act does what a call asks for.
func (e *exploration) act(w *smallWorld, number int, c smallCall) (t told) {
	switch c.kind {
	case "put":
		w.changes++
		w.ses[c.text] = c.policy
	case "delete":
		w.changes++
		delete(w.ses, c.text)
	case "look":
		t.text = w.ses[c.text]
	case "answer":
		e.tell(w, c.text)
	case "write":
		t.changed = !w.table.write(c.writes, e.without == conditions)
	case "read":
		t.rows = map[string]row{}
		own := instanceName(number)
		for _, key := range c.keys {
			r, ok := w.table[key]
			if !ok {
				continue
			}
			if r.instance == own {
				r.instance = ownInstance
			}
			var mine bool
			if r.write, mine = strings.CutPrefix(r.write, own+" "); !mine {
				r.write = ""
			}
			t.rows[key] = r
		}
	}
	return t
}

// end ends an invocation: what is not handed back is deleted.
func (e *exploration) end(w *smallWorld, number int, worker smallWorker) {
	for _, m := range worker.batch {
		message := &w.messages[m]
		if message.inDoubt = worker.next.failed[e.records[m].MessageId]; !message.inDoubt {
			message.ended = true
		} else if !w.comes(m, number) {
			message.copies++
		}
	}
	w.leave(number)
}

// comes reports whether a message comes once more, or another instance has it.
// Then that is the delivery after a failure.
func (w *smallWorld) comes(m, number int) bool {
	if w.messages[m].copies+w.messages[m].hidden > 0 {
		return true
	}
	for i, worker := range w.workers {
		if i != number && slices.Contains(worker.batch, m) {
			return true
		}
	}
	return false
}

// leave makes an instance idle: what it wrote is nobody's own any more.
func (w *smallWorld) leave(number int) {
	w.workers[number] = smallWorker{}
	w.table.forget(func(r *row) {
		if strings.HasPrefix(r.write, instanceName(number)+" ") {
			r.write = ""
		}
	})
	if w.resting() && len(w.underway) == 0 {
		w.table.renumber()
	}
}

// kill puts a new instance in the place of one.
func (e *exploration) kill(w *smallWorld, number int, worker smallWorker) {
	for _, m := range worker.batch {
		w.messages[m].inDoubt = true
		if !w.comes(m, number) {
			w.messages[m].hidden++
		}
	}
	w.leave(number)
	w.table.forget(func(r *row) {
		if r.instance == instanceName(number) {
			r.instance = ""
		}
	})
	for i := range w.underway {
		late := &w.underway[i]
		late.writes = slices.Clone(late.writes)
		for j := range late.writes {
			r := &late.writes[j].row
			r.write = ""
			if r.instance == instanceName(number) {
				r.instance = ""
			}
		}
	}
}

// arrive has a call arrive late, or never.
func (e *exploration) arrive(w *smallWorld, i int, arrives bool) {
	late := w.underway[i]
	w.underway = slices.Delete(w.underway, i, i+1)
	if arrives {
		e.act(w, 0, late.smallCall)
	}
	if w.resting() && len(w.underway) == 0 {
		w.table.renumber()
	}
}

// state is everything that what happens next depends on.
func (w *smallWorld) state() []byte {
	b := make([]byte, 0, 1024)
	for _, key := range slices.Sorted(maps.Keys(w.table)) {
		r := w.table[key]
		b = append(append(append(append(b, r.text...), r.version...), r.write...), r.instance...)
		b = strconv.AppendBool(b, r.leased)
	}
	for _, name := range []string{"P", "Q"} {
		b = append(append(b, name...), w.ses[name]...)
	}
	for _, late := range w.underway {
		b = append(append(append(b, late.kind...), late.text...), late.policy...)
		for _, m := range late.of {
			b = append(b, byte(m))
		}
		for _, write := range late.writes {
			b = append(append(append(b, write.key...), write.condition...), write.row.String()...)
		}
	}
	for _, worker := range w.workers {
		b = append(append(b, '|'), worker.text...)
	}
	for _, m := range w.messages {
		b = append(b, byte(m.copies), byte(m.hidden))
		b = strconv.AppendBool(strconv.AppendBool(b, m.ended), m.inDoubt)
		b = append(b, m.status...)
	}
	return append(b, byte(w.budget), byte(w.changes))
}
