package session

import (
	"bytes"
	"io"
	"iter"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/charset"
)

// maxRecord bounds a line of [Records], in bytes.
const maxRecord = 16 << 20

// Records yields the lines of a response, each decoded as JSON into a new T: JSON
// lines, also called NDJSON, and JSON text sequences (RFC 7464). Blank lines are
// passed over. It takes what a call returns, and closes the response when the
// loop ends: a failed call and a status of 400 or more are errors.
//
//	for row, err := range session.Records[Row](s.Get(ctx, "rows")) {
//
// A line that is not a T is an [*errors.ClientPayloadError], one of more than 16
// MiB an [*errors.BodyTooLargeError]. An error is yielded once, with what there
// is of the T, and ends the loop. The type of the Content-Type does not matter, because
// there is no agreement about it; its charset does, and a byte order mark.
func Records[T any](resp *Response, err error) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		if err != nil {
			var zero T
			yield(zero, err)
			return
		}
		defer resp.Close()
		records := recordReader{resp: resp}
		for {
			var v T
			line, err := records.readRecord()
			if err == io.EOF {
				return
			}
			if err == nil {
				if err = resp.jsonDecoder()(line, &v); err != nil {
					err = &errors.ClientPayloadError{Received: resp.Content().TotalBytes(), Expected: -1, Kind: errors.ErrClientPayload, Err: err}
				}
			}
			if !yield(v, resp.wrapError(err)) || err != nil {
				return
			}
		}
	}
}

// recordReader reads lines in UTF-8.
type recordReader struct {
	resp   *Response
	stream *StreamReader // nil before the first line
}

// readRecord is the next line that is not blank.
func (r *recordReader) readRecord() ([]byte, error) {
	if r.stream == nil {
		if err := r.resp.CheckStatus(); err != nil {
			return nil, err
		}
		r.stream = r.resp.utf8Content()
	}
	for {
		line, err := r.stream.readUntil([]byte("\n"), maxRecord)
		if err != nil {
			return nil, err
		}
		// RFC 7464 2.2: a record separator begins a text.
		if line = bytes.Trim(line, " \t\r\n\x1e"); len(line) > 0 {
			return line, nil
		}
	}
}

// utf8Content is Content behind its byte order mark, and in UTF-8 by that or by the
// charset that the header names. It waits for no more than tells whether there is a mark,
// which is not looked for behind what was read already.
func (r *Response) utf8Content() *StreamReader {
	s, label := r.Content(), r.Charset()
	if s.total == 0 {
		for n := -1; len(s.bufferedBytes()) > n && charset.MayBeMarked(s.bufferedBytes()); {
			n = len(s.bufferedBytes())
			s.fillBuffer()
		}
		if marked, n := charset.Marked(s.bufferedBytes()); n > 0 {
			s.takeBuffered(n)
			label = marked
		}
	}
	if decoded := charset.UTF8Reader(label, s); decoded != io.Reader(s) {
		return newStreamReader(readCloser{decoded, s}, s.ahead)
	}
	return s
}
