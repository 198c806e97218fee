package function

import (
	"bytes"
	"os"
	"slices"
	"strings"
	"sync"

	"sespolicy/shared/local/wire"
)

const (
	// maxLine is the longest line passed on whole: CloudWatch Logs' limit of an
	// event.
	maxLine = 1 << 20
	// maxTail is how much of it an error shows.
	maxTail = 4 << 10
)

// output reads what one process writes, through one pipe for standard output
// and standard error. We hold the pipe's writing end as well: a mark written to
// it comes out behind everything that the process wrote before, which tells
// where an invocation's lines end without waiting for any amount of time.
type output struct {
	reader, writer *os.File
	mark           []byte
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
		reader: reader, writer: writer, mark: []byte("\x00" + wire.NewID() + "\x00"), line: line,
		passed: make(chan struct{}, 1), done: make(chan struct{}),
	}
	go o.read()
	return o, nil
}

// settle returns when every line written before the call was passed on.
func (o *output) settle() {
	o.marking.Lock()
	defer o.marking.Unlock()
	if _, err := o.writer.Write(o.mark); err != nil {
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
	chunk := make([]byte, 32<<10)
	var text []byte
	for {
		n, err := o.reader.Read(chunk)
		text = o.take(append(text, chunk[:n]...))
		if err != nil {
			return
		}
	}
}

// take passes on the whole lines of the text and returns the rest of it.
func (o *output) take(text []byte) []byte {
	for {
		newline := bytes.IndexByte(text, '\n')
		line := text // up to its end, as far as it is here
		if newline >= 0 {
			line = text[:newline]
		}
		mark := bytes.Index(line, o.mark)
		switch {
		case mark >= 0:
			if mark > 0 {
				o.pass(text[:mark])
			}
			o.passed <- struct{}{}
			text = text[mark+len(o.mark):]
		case newline >= 0:
			o.pass(line)
			text = text[newline+1:]
		case len(text) > maxLine+len(o.mark): // half a mark may stand at the end
			o.pass(text[:maxLine])
			text = text[maxLine:]
		default:
			return text
		}
	}
}

func (o *output) pass(line []byte) {
	o.mu.Lock()
	o.tail = append(append(o.tail, line...), '\n')
	o.tail = slices.Clone(o.tail[max(0, len(o.tail)-maxTail):])
	o.mu.Unlock()
	if o.line != nil {
		o.line(strings.TrimSuffix(string(line), "\r"))
	}
}

// lastLines is the end of what the process wrote, at most 4 KB.
func (o *output) lastLines() []byte {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.tail
}
