package download

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/aiolos-http/aiolos/errors"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/exitcode"
)

// verdict is what to do with a response.
type verdict uint8

const (
	fromStart verdict = iota // the body is the whole file
	goOn                     // the body continues the unfinished file
	complete                 // the unfinished file is complete, the body is nothing
	again                    // ask again, without a range
)

// contentRange is a parsed Content-Range: bytes first-last/total or
// bytes */total. What is not known is -1.
type contentRange struct{ first, last, total int64 }

// parseContentRange reads the header (RFC 9110, section 14.4).
func parseContentRange(s string) (contentRange, bool) {
	none := contentRange{-1, -1, -1}
	unit, rest, ok := strings.Cut(s, " ")
	if !ok || !strings.EqualFold(unit, "bytes") {
		return none, false
	}
	span, length, ok := strings.Cut(rest, "/")
	if !ok {
		return none, false
	}
	cr := none
	if length != "*" {
		if cr.total, ok = number(length); !ok {
			return none, false
		}
	}
	if span == "*" {
		return cr, cr.total >= 0
	}
	first, last, ok := strings.Cut(span, "-")
	if !ok {
		return none, false
	}
	var ok1, ok2 bool
	cr.first, ok1 = number(first)
	cr.last, ok2 = number(last)
	if !ok1 || !ok2 || cr.last < cr.first || cr.total >= 0 && cr.last >= cr.total {
		return none, false
	}
	return cr, true
}

// number reads digits and nothing else.
func number(s string) (int64, bool) {
	if s == "" || strings.Trim(s, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil
}

// judge decides what a response means for an unfinished file of offset bytes
// that meta describes; offset 0 means that no range was asked for. total is the
// length that the complete file must have, or -1.
func judge(resp *http.Response, offset int64, meta Meta) (v verdict, total int64, err error) {
	cr, ok := parseContentRange(resp.Header.Get("Content-Range"))
	switch {
	case resp.StatusCode == http.StatusPartialContent && offset == 0:
		return 0, 0, errors.New("the server sent a part of the file that nobody asked for")
	case resp.StatusCode == http.StatusPartialContent:
		if !ok || cr.first != offset || !sameResource(resp, cr, meta) {
			return again, 0, nil
		}
		return goOn, max(cr.total, meta.Length), nil
	case resp.StatusCode == http.StatusRequestedRangeNotSatisfiable && offset > 0:
		if length := rangeLength(cr, ok, meta); length != offset {
			return again, 0, nil
		}
		return complete, offset, nil
	case resp.StatusCode/100 != 2:
		return 0, 0, &StatusError{Status: resp.StatusCode, Text: resp.Status}
	}
	if resp.Uncompressed {
		return fromStart, -1, nil
	}
	return fromStart, resp.ContentLength, nil
}

// rangeLength is the length of the resource according to a 416.
func rangeLength(cr contentRange, ok bool, meta Meta) int64 {
	if ok {
		return cr.total
	}
	return meta.Length
}

// sameResource reports whether a 206 is of the resource that meta describes.
// The server has checked If-Range, if it knows it; this catches those that do
// not.
func sameResource(resp *http.Response, cr contentRange, meta Meta) bool {
	if resp.Uncompressed || cr.total >= 0 && meta.Length >= 0 && cr.total != meta.Length {
		return false
	}
	tag := resp.Header.Get("ETag")
	if tag != "" && meta.ETag != "" {
		return tag == meta.ETag
	}
	date := resp.Header.Get("Last-Modified")
	return date == "" || meta.LastModified == "" || date == meta.LastModified
}

// StatusError is the failure of a response that is not the file.
type StatusError struct {
	Status int
	Text   string
}

// Error implements error.
func (e *StatusError) Error() string {
	text := strings.TrimSpace(strings.TrimPrefix(e.Text, strconv.Itoa(e.Status)))
	if text == "" {
		text = http.StatusText(e.Status)
	}
	return strings.TrimSpace(fmt.Sprintf("%d %s", e.Status, text))
}

// Is makes a StatusError one of the library's errors for responses.
func (e *StatusError) Is(target error) bool {
	return target == errors.ErrClientResponse || target == errors.ErrClient
}

// ExitCode returns the exit code of a failed download.
func ExitCode(err error) int {
	var status *StatusError
	if errors.As(err, &status) {
		if code := exitcode.Status(status.Status); code != exitcode.OK {
			return code
		}
		return exitcode.Failure
	}
	return exitcode.Of(err)
}
