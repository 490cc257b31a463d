package pretty

import (
	"errors"
	"io"
	"mime"
	"slices"
	"strings"
)

// Style says what is done to a body. The zero Style does nothing.
type Style struct {
	Indent bool // one member or element a line
	Color  bool
	Sort   bool // objects by the names of their members
}

// Kind is what a body is made of.
type Kind uint8

// The kinds of bodies.
const (
	Other  Kind = iota
	Values      // JSON, or JSON lines: values one after the other
	Events      // server-sent events (WHATWG HTML 9.2)
)

// KindOf tells the kind by a content type.
func KindOf(contentType string) Kind {
	media, _, err := mime.ParseMediaType(contentType)
	if err != nil && !errors.Is(err, mime.ErrInvalidMediaParameter) {
		return Other
	}
	top, sub, _ := strings.Cut(media, "/")
	switch {
	case media == "text/event-stream":
		return Events
	case sub == "json", sub == "x-json", strings.HasSuffix(sub, "+json"): // RFC 8259, 6839
		return Values
	case top == "application" && slices.Contains([]string{"x-ndjson", "ndjson", "jsonl", "x-jsonlines", "jsonlines"}, sub):
		return Values
	}
	return Other
}

// NewWriter returns a writer that passes a body of a kind on to w in a style. Guard
// makes text harmless for where it goes; nil leaves it as it is. Close writes what was
// held back, and does not close w. The writer is for one goroutine.
func NewWriter(w io.Writer, kind Kind, style Style, guard func(io.Writer) io.WriteCloser) io.WriteCloser {
	var stages chain
	add := func(stage io.WriteCloser) {
		stages = append(stages, stage)
		w = stage
	}
	if style == (Style{}) {
		kind = Other
	}
	switch kind {
	case Values:
		add(newJSONWriter(w, style, ""))
	case Events:
		add(newEventWriter(w, style))
	case Other:
	}
	if guard != nil {
		add(guard(w))
	}
	if kind == Values && style.Sort {
		add(newSorter(w))
	}
	if len(stages) == 0 {
		return unchanged{w}
	}
	return stages
}

// chain are the stages of a writer; the last one is the first to be written to.
type chain []io.WriteCloser

// Write implements io.Writer.
func (c chain) Write(p []byte) (int, error) { return c[len(c)-1].Write(p) }

// Close closes the stages in the order of the bytes.
func (c chain) Close() error {
	var errs []error
	for _, stage := range slices.Backward(c) {
		errs = append(errs, stage.Close())
	}
	return errors.Join(errs...)
}

// unchanged is a writer without stages.
type unchanged struct{ io.Writer }

// Close implements io.Closer.
func (unchanged) Close() error { return nil }
