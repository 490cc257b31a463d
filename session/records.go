package session

import (
	"bytes"
	"io"
	"iter"

	"github.com/aiolos-http/aiolos/errors"
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
// is of the T, and ends the loop. The Content-Type does not matter, because there
// is no agreement about it.
func Records[T any](resp *Response, err error) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		if err != nil {
			var zero T
			yield(zero, err)
			return
		}
		defer resp.Close()
		for {
			var v T
			line, err := resp.readRecord()
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

// readRecord is the next line that is not blank.
func (r *Response) readRecord() ([]byte, error) {
	if err := r.CheckStatus(); err != nil {
		return nil, err
	}
	s := r.Content()
	for {
		first := s.TotalBytes() == 0
		line, err := s.readUntil([]byte("\n"), maxRecord)
		if err != nil {
			return nil, err
		}
		if first {
			line = bytes.TrimPrefix(line, []byte(byteOrderMark))
		}
		// RFC 7464 2.2: a record separator begins a text.
		if line = bytes.Trim(line, " \t\r\n\x1e"); len(line) > 0 {
			return line, nil
		}
	}
}
