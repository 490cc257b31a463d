package har

import (
	"encoding/json"
	"errors"
	"io"
	"strconv"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// maxFile bounds a file that is read, in bytes.
const maxFile = 1 << 30

// FormatError is an archive that cannot be read.
type FormatError struct {
	Entry  int // the number of the entry, from 1; 0: the file as a whole, or one body
	Reason string
	Err    error // what it comes from; nil if nothing is below it
}

// Error names the entry and the reason.
func (e *FormatError) Error() string {
	text := "har: "
	if e.Entry > 0 {
		text += "entry " + strconv.Itoa(e.Entry) + " "
	}
	text += e.Reason
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap is the cause.
func (e *FormatError) Unwrap() error { return e.Err }

// Read reads an archive that a [Recorder], a browser or another program has written,
// in the order of the file. Of each entry it demands a method and a URL; what else is
// missing stays zero, and what is not in [Entry] is passed over. A byte order mark is
// passed over too; with one the file may be UTF-16. A file that is no archive, or
// larger than 1 GiB, is a [FormatError]; errors of r are returned as they are.
func Read(r io.Reader) ([]Entry, error) {
	var file struct {
		Log *struct {
			Entries []Entry `json:"entries"`
		} `json:"log"`
	}
	limited := &io.LimitedReader{R: r, N: maxFile}
	text := transform.NewReader(limited, unicode.BOMOverride(encoding.Nop.NewDecoder()))
	if err := json.NewDecoder(text).Decode(&file); err != nil {
		if limited.N <= 0 {
			return nil, &FormatError{Reason: "the file is larger than 1 GiB"}
		}
		return nil, decodeError(err)
	}
	if file.Log == nil {
		return nil, &FormatError{Reason: `the file has no "log"`}
	}
	for i, e := range file.Log.Entries {
		if e.Request.URL == "" || e.Request.Method == "" {
			return nil, &FormatError{Entry: i + 1, Reason: "has no method or no URL"}
		}
	}
	return file.Log.Entries, nil
}

// decodeError says what is wrong with the text of a file, without the names of Go's
// types. An error of the reader stays as it is.
func decodeError(err error) error {
	if mismatch, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		where := "the file"
		if mismatch.Field != "" {
			where = strconv.Quote(mismatch.Field)
		}
		return &FormatError{Reason: where + " has the wrong type: " + mismatch.Value}
	}
	if _, ok := errors.AsType[*json.SyntaxError](err); ok {
		return &FormatError{Reason: "the file is not json", Err: err}
	}
	if err == io.EOF || err == io.ErrUnexpectedEOF { // as the decoder makes them
		return &FormatError{Reason: "the file ends too early", Err: io.ErrUnexpectedEOF}
	}
	return err
}
