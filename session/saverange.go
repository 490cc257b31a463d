package session

import (
	"math"
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
	// No file has so many bytes that their number cannot be written.
	if !ok1 || !ok2 || cr.first > cr.last || cr.last == math.MaxInt64 || cr.total >= 0 && cr.last >= cr.total {
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

// rangeAnswer is what a response means for an unfinished file. What is not known is
// -1.
type rangeAnswer struct {
	verdict rangeVerdict
	end     int64 // the length of the file when the body has come
	total   int64 // the length that the complete file must have
}

// judge decides what a response means for an unfinished file of have bytes that
// meta describes; without one, have is 0 and nothing but the whole will do.
func judge(r *Response, have int64, meta partMeta) (rangeAnswer, error) {
	switch {
	case r.StatusCode == http.StatusPartialContent && have == 0:
		e := r.responseError("a part of the file that nobody asked for")
		return rangeAnswer{}, &e
	case r.StatusCode == http.StatusPartialContent:
		cr, ok := parseContentRange(r.Header.Get("Content-Range"))
		if !ok || cr.first != have || !isPartOf(r, cr, meta) {
			return rangeAnswer{verdict: askAgain}, nil
		}
		return rangeAnswer{goOn, cr.last + 1, max(cr.total, meta.Length)}, nil
	case r.StatusCode == http.StatusRequestedRangeNotSatisfiable && have > 0:
		if !isComplete(r, have, meta) {
			return rangeAnswer{verdict: askAgain}, nil
		}
		return rangeAnswer{complete, have, have}, nil
	}
	if err := r.CheckStatus(); err != nil {
		return rangeAnswer{}, err
	}
	if r.StatusCode < http.StatusOK || r.StatusCode >= http.StatusMultipleChoices {
		e := r.responseError(r.Reason()) // neither a redirect nor a switch of protocols is a file
		return rangeAnswer{}, &e
	}
	if r.body.decoding != nil || r.Uncompressed {
		return rangeAnswer{fromStart, -1, -1}, nil
	}
	return rangeAnswer{fromStart, r.ContentLength, r.ContentLength}, nil
}

// isComplete reports whether have bytes are all, when a server answers 416. Either
// the length of the version that meta describes is known, or the answer has both
// the length and the validator of that version: a server that does not know
// If-Range may be talking about another one. The length that it gives is that of
// the bytes without a coding, and so of others than those of the file with one.
func isComplete(r *Response, have int64, meta partMeta) bool {
	cr, ok := parseContentRange(r.Header.Get("Content-Range"))
	told := ok && meta.Encoding == ""
	switch {
	case told && cr.total != have, meta.contradicts(r), !meta.fitsPeer(r):
		return false
	case meta.Length >= 0:
		return meta.Length == have
	}
	return told && meta.confirms(r)
}

// isPartOf reports whether a 206 is a range of the very version that meta
// describes, and of no other length than it says. RFC 9110 15.3.7 has it carry
// the validator; one that does not may be of any version, from a server that does
// not know If-Range.
func isPartOf(r *Response, cr contentRange, meta partMeta) bool {
	length := cr.last - cr.first + 1
	switch {
	case cr.first < 0 || r.ContentLength >= 0 && r.ContentLength != length:
		return false
	case r.body.decoding != nil || r.Uncompressed || contentCoding(r.Header) != meta.Encoding:
		return false // a date does not tell codings apart (RFC 9110 8.8.3.3)
	case meta.Length >= 0 && (cr.last >= meta.Length || cr.total >= 0 && cr.total != meta.Length):
		return false
	}
	return meta.confirms(r)
}

func lengthError(received, expected int64) error {
	return &errors.ClientPayloadError{Received: received, Expected: expected, Kind: errors.ErrContentLength}
}
