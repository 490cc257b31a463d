package session

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/aiolos-http/aiolos/errors"
)

// rangeVerdict is what to do with a response to a range request.
type rangeVerdict uint8

const (
	fromStart rangeVerdict = iota // the body is the whole file
	goOn                          // the body continues the unfinished file
	complete                      // the unfinished file is complete
	askAgain                      // ask without a range
)

// contentRange is "bytes first-last/total" or "bytes */total". What is not known
// is -1.
type contentRange struct{ first, last, total int64 }

// parseContentRange reads the header (RFC 9110 14.4).
func parseContentRange(s string) (contentRange, bool) {
	cr, unknown := contentRange{-1, -1, -1}, contentRange{-1, -1, -1}
	unit, rest, _ := strings.Cut(s, " ")
	span, length, ok := strings.Cut(rest, "/")
	if !ok || !strings.EqualFold(unit, "bytes") {
		return unknown, false
	}
	if length != "*" {
		if cr.total, ok = digits(length); !ok {
			return unknown, false
		}
	}
	if span == "*" {
		return cr, cr.total >= 0
	}
	first, last, _ := strings.Cut(span, "-")
	var ok1, ok2 bool
	cr.first, ok1 = digits(first)
	cr.last, ok2 = digits(last)
	if !ok1 || !ok2 || cr.first > cr.last || cr.total >= 0 && cr.last >= cr.total {
		return unknown, false
	}
	return cr, true
}

func digits(s string) (int64, bool) {
	if s == "" || strings.Trim(s, "0123456789") != "" {
		return -1, false
	}
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil
}

// judge decides what a response means for an unfinished file of have bytes that
// meta describes; without one, have is 0 and nothing but the whole will do.
// total is the length that the complete file must have, or -1.
func judge(r *Response, have int64, meta partMeta) (v rangeVerdict, total int64, err error) {
	cr, ok := parseContentRange(r.Header.Get("Content-Range"))
	switch {
	case r.StatusCode == http.StatusPartialContent && have == 0:
		e := r.responseError("a part of the file that nobody asked for")
		return 0, 0, &e
	case r.StatusCode == http.StatusPartialContent:
		if !ok || cr.first != have || !samePart(r, cr, meta) {
			return askAgain, 0, nil
		}
		return goOn, max(cr.total, meta.Length), nil
	case r.StatusCode == http.StatusRequestedRangeNotSatisfiable && have > 0:
		if !isComplete(have, cr.total, meta) {
			return askAgain, 0, nil
		}
		return complete, have, nil
	}
	if err := r.CheckStatus(); err != nil {
		return 0, 0, err
	}
	if r.StatusCode < http.StatusOK || r.StatusCode >= http.StatusMultipleChoices {
		e := r.responseError(r.Reason()) // neither a redirect nor a switch of protocols is a file
		return 0, 0, &e
	}
	if r.body.decoding != nil || r.Uncompressed {
		return fromStart, -1, nil
	}
	return fromStart, r.ContentLength, nil
}

// isComplete reports whether have bytes are all, when a server has nothing after
// them: both it and meta say so, as far as they say anything. The length that it
// gives is that of the bytes without a coding, so of others meta has to know it.
func isComplete(have, total int64, meta partMeta) bool {
	if total < 0 || meta.Encoding != "" {
		total = meta.Length
	}
	return total == have && (meta.Length < 0 || meta.Length == have)
}

// samePart reports whether a 206 is of the resource that meta describes, for
// servers that do not know If-Range.
func samePart(r *Response, cr contentRange, meta partMeta) bool {
	// A tag tells codings apart, a date does not (RFC 9110 8.8.3.3).
	if r.body.decoding != nil || r.Uncompressed || contentCoding(r.Header) != meta.Encoding {
		return false
	}
	if cr.total >= 0 && meta.Length >= 0 && cr.total != meta.Length {
		return false
	}
	if tag := r.Header.Get("ETag"); tag != "" && meta.ETag != "" {
		return tag == meta.ETag
	}
	date := r.Header.Get("Last-Modified")
	return date == "" || meta.LastModified == "" || date == meta.LastModified
}

func lengthError(received, expected int64) error {
	return &errors.ClientPayloadError{Received: received, Expected: expected, Kind: errors.ErrContentLength}
}
