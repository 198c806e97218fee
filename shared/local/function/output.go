package function

import (
	"bufio"
	"os"
	"slices"
	"strings"
	"sync"

	"sespolicy/shared/local/wire"
)

// maxTail is how much of the output an error shows.
const maxTail = 4 << 10

// output reads what one process writes, through one pipe for standard output
// and standard error. We hold the pipe's writing end as well: a mark written to
// it comes out behind everything that the process wrote before, which tells
// where an invocation's lines end without waiting for any amount of time. It also
// ends a line that the process has not ended. Lines have no limit.
type output struct {
	reader, writer *os.File
	mark           string
	line           func(string)
	passed         chan struct{} // the mark came out
	done           chan struct{} // closed when nothing is read any more
	marking        sync.Mutex    // one mark at a time

	mu   sync.Mutex
	tail []byte
}

func newOutput(line func(string)) (*output, error) {
	reader, writer, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	o := &output{
		reader: reader, writer: writer, mark: "\x00" + wire.NewID() + "\x00", line: line,
		passed: make(chan struct{}, 1), done: make(chan struct{}),
	}
	go o.read()
	return o, nil
}

// settle returns when every line written before the call was passed on.
func (o *output) settle() {
	o.marking.Lock()
	defer o.marking.Unlock()
	if _, err := o.writer.WriteString(o.mark + "\n"); err != nil {
		return // closed: read has ended or is about to
	}
	select {
	case <-o.passed:
	case <-o.done:
	}
}

// close passes on what is left and ends the reading, even if others still hold
// the pipe.
func (o *output) close() {
	o.settle()
	_ = o.writer.Close() // a pipe: nothing is buffered in it
	_ = o.reader.Close()
	<-o.done
}

func (o *output) read() {
	defer close(o.done)
	text := bufio.NewReader(o.reader)
	for {
		line, err := text.ReadString('\n')
		if err != nil {
			return // what is left has no mark behind it: nobody waits for it
		}
		line, marked := strings.CutSuffix(strings.TrimSuffix(line, "\n"), o.mark)
		if line != "" || !marked {
			o.pass(strings.TrimSuffix(line, "\r"))
		}
		if marked {
			o.passed <- struct{}{}
		}
	}
}

func (o *output) pass(line string) {
	o.mu.Lock()
	o.tail = append(append(o.tail, line...), '\n')
	o.tail = slices.Clone(o.tail[max(0, len(o.tail)-maxTail):])
	o.mu.Unlock()
	if o.line != nil {
		o.line(line)
	}
}

// lastLines is the end of what the process wrote, at most 4 KB.
func (o *output) lastLines() []byte {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.tail
}
