package session

import (
	"bytes"
	"cmp"
	"io"
	"iter"
	"strconv"
	"strings"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/httprule"
)

const (
	eventStream = "text/event-stream"
	// defaultMaxEvent bounds the data of an event, in bytes.
	defaultMaxEvent = 8 << 20
	// fieldRoom is what a line may be longer than the data of an event: the longest name
	// of a field, a colon and a blank.
	fieldRoom = len("event: ")
)

// Event is an event that a server sent (WHATWG HTML 9.2, "Server-sent events").
type Event struct {
	// Type is "message" unless the server gave another.
	Type string
	// Data is what the event says, with "\n" between its lines.
	Data string
	// ID is the last event ID as of this event: an event without one has that of
	// the event before. It is empty if there was none. One with a control character
	// other than HTAB is ignored: a Last-Event-ID could not carry it.
	ID string
	// Retry is what the server last told to wait before a new connection, or 0.
	Retry time.Duration
}

// Events yields the events of a text/event-stream, as they come, and closes the
// response when the loop ends. What is neither complete nor has data at the end of
// the stream is no event, as the standard has it.
//
// A status of 400 or more, another type, and an event or a line of more than 8 MiB,
// or what [MaxEventSize] says, are errors; the last is an [*errors.BodyTooLargeError].
// An error is yielded once, and ends the loop. See [Session.Events] for a stream
// that reconnects.
func (r *Response) Events() iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		p := eventParser{}
		r.parseEvents(&p, yield)
	}
}

// parseEvents is Events with a parser whose state the caller can look at.
func (r *Response) parseEvents(p *eventParser, yield func(Event, error) bool) {
	defer r.Close()
	if err := r.checkEvents(); err != nil {
		yield(Event{}, err)
		return
	}
	p.s, p.limit = r.Content(), r.maxEvent()
	for {
		switch event, err := p.nextEvent(); {
		case err == io.EOF:
			return
		case err != nil:
			yield(Event{}, r.wrapError(err))
			return
		case !yield(event, nil):
			return
		}
	}
}

// maxEvent is how much data an event may have; 0: any amount.
func (r *Response) maxEvent() int {
	n := 0
	if r.call != nil && r.call.opts.client != nil {
		n = r.call.opts.client.maxEvent
	}
	if n == 0 {
		n = defaultMaxEvent
	}
	return max(n, 0)
}

// checkEvents refuses what is no event stream.
func (r *Response) checkEvents() error {
	if err := r.CheckStatus(); err != nil {
		return err
	}
	if err := r.refuseUpgraded(); err != nil {
		return err
	}
	if r.ContentType() != eventStream {
		return &errors.ContentTypeError{ClientResponseError: r.responseError("not an event stream but " + r.ContentType())}
	}
	return nil
}

// eventParser reads events. It never waits for more than it needs: a CR ends a
// line before it is known whether an LF follows.
type eventParser struct {
	s       *StreamReader
	limit   int // of an event's data; 0: none
	started bool
	afterCR bool

	id     string // of the next event
	lastID string // as of the last blank line
	retry  time.Duration

	kind string
	data []byte
}

// nextEvent returns the next event, or io.EOF.
func (p *eventParser) nextEvent() (Event, error) {
	p.kind, p.data = "", p.data[:0]
	for {
		line, err := p.readLine()
		if err != nil {
			return Event{}, err
		}
		if len(line) > 0 {
			p.addField(line)
			if p.limit > 0 && len(p.data)-1 > p.limit { // without the last line feed
				return Event{}, p.s.tooLong(p.limit)
			}
			continue
		}
		p.lastID = p.id
		if len(p.data) == 0 {
			p.kind = ""
			continue
		}
		data := string(p.data[:len(p.data)-1])
		return Event{Type: cmp.Or(p.kind, "message"), Data: data, ID: p.id, Retry: p.retry}, nil
	}
}

// addField takes in a line: a comment, a field with a value, or a field without.
func (p *eventParser) addField(line []byte) {
	name, value, _ := bytes.Cut(line, []byte(":"))
	value = bytes.TrimPrefix(value, []byte(" "))
	switch string(name) {
	case "event":
		p.kind = validText(value)
	case "data":
		p.data = append(append(p.data, validText(value)...), '\n')
	case "id":
		// The standard ignores those with NUL. Others that no header can carry would
		// make every later connection fail.
		if id := validText(value); httprule.IsValue(id) {
			p.id = id
		}
	case "retry":
		p.setRetry(string(value))
	}
}

// setRetry takes digits as milliseconds, and ignores what no duration can hold.
func (p *eventParser) setRetry(value string) {
	if value == "" || strings.Trim(value, "0123456789") != "" {
		return
	}
	ms, err := strconv.ParseInt(value, 10, 64)
	if d := time.Duration(ms) * time.Millisecond; err == nil && d/time.Millisecond == time.Duration(ms) {
		p.retry = d
	}
}

// validText is UTF-8 as the standard decodes it.
func validText(b []byte) string { return strings.ToValidUTF8(string(b), "\uFFFD") }

// readLine returns the next line without its ending, as a slice that is valid until
// the next one. A last line without an ending is none.
func (p *eventParser) readLine() ([]byte, error) {
	if err := p.start(); err != nil {
		return nil, err
	}
	from := 0 // what was searched already
	for {
		if p.afterCR && len(p.s.bufferedBytes()) > 0 {
			p.afterCR = false
			if p.s.bufferedBytes()[0] == '\n' {
				p.s.takeBuffered(1)
			}
		}
		if i := bytes.IndexAny(p.s.bufferedBytes()[from:], "\r\n"); i >= 0 {
			if p.isTooLong(from + i) {
				return nil, p.s.tooLong(p.limit)
			}
			line := p.s.takeBuffered(from + i + 1)
			end := len(line) - 1
			p.afterCR = line[end] == '\r'
			return line[:end], nil
		}
		from = len(p.s.bufferedBytes())
		if p.isTooLong(from) {
			return nil, p.s.tooLong(p.limit)
		}
		if p.s.fillBuffer(); len(p.s.bufferedBytes()) == from {
			return nil, p.s.err
		}
	}
}

func (p *eventParser) isTooLong(line int) bool { return p.limit > 0 && line-fieldRoom > p.limit }

// start drops a byte order mark.
func (p *eventParser) start() error {
	for !p.started {
		b := p.s.bufferedBytes()
		switch {
		case bytes.HasPrefix(b, []byte(byteOrderMark)):
			p.s.takeBuffered(len(byteOrderMark))
			p.started = true
		case !bytes.HasPrefix([]byte(byteOrderMark), b):
			p.started = true
		default:
			if p.s.fillBuffer(); len(p.s.bufferedBytes()) == len(b) {
				if len(b) == 0 {
					return p.s.err
				}
				p.started = true
			}
		}
	}
	return nil
}
