package resume

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
	wholeFile   rangeVerdict = iota // the body is the whole file
	restOfFile                      // the body continues the unfinished file
	nothingLeft                     // the unfinished file is complete
	anotherFile                     // ask without a range
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
		if cr.total, ok = parseDigits(length); !ok {
			return unknown, false
		}
	}
	if span == "*" {
		return cr, cr.total >= 0
	}
	first, last, _ := strings.Cut(span, "-")
	var ok1, ok2 bool
	cr.first, ok1 = parseDigits(first)
	cr.last, ok2 = parseDigits(last)
	// No file has so many bytes that their number cannot be written.
	if !ok1 || !ok2 || cr.first > cr.last || cr.last == math.MaxInt64 || cr.total >= 0 && cr.last >= cr.total {
		return unknown, false
	}
	return cr, true
}

func parseDigits(s string) (int64, bool) {
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

// classifyAnswer decides what a response means for an unfinished file of size bytes
// that meta describes; without one, size is 0 and nothing but the whole will do.
func classifyAnswer(r *Response, size int64, meta description) (rangeAnswer, error) {
	switch {
	case r.StatusCode == http.StatusPartialContent && size == 0:
		return rangeAnswer{}, r.Call.ResponseError("a part of the file that nobody asked for")
	case r.StatusCode == http.StatusPartialContent:
		cr, ok := parseContentRange(r.Header.Get("Content-Range"))
		if !ok || cr.first != size || !isPartOf(r, cr, meta) {
			return rangeAnswer{verdict: anotherFile}, nil
		}
		return rangeAnswer{restOfFile, cr.last + 1, max(cr.total, meta.Length)}, nil
	case r.StatusCode == http.StatusRequestedRangeNotSatisfiable && size > 0:
		if !isComplete(r, size, meta) {
			return rangeAnswer{verdict: anotherFile}, nil
		}
		return rangeAnswer{nothingLeft, size, size}, nil
	}
	if err := r.Call.CheckStatus(); err != nil {
		return rangeAnswer{}, err
	}
	if r.StatusCode < http.StatusOK || r.StatusCode >= http.StatusMultipleChoices {
		return rangeAnswer{}, r.Call.ResponseError("") // neither a redirect nor a switch of protocols is a file
	}
	if r.Decoded {
		return rangeAnswer{wholeFile, -1, -1}, nil
	}
	return rangeAnswer{wholeFile, r.ContentLength, r.ContentLength}, nil
}

// isComplete reports whether size bytes are all, when a server answers 416. Either
// the length of the version that meta describes is known, or the answer has both
// the length and the validator of that version: a server that does not know
// If-Range may be talking about another one. The length that it gives is that of
// the bytes without a coding, and so of others than those of the file with one.
func isComplete(r *Response, size int64, meta description) bool {
	cr, ok := parseContentRange(r.Header.Get("Content-Range"))
	told := ok && meta.Encoding == ""
	switch {
	case told && cr.total != size, meta.isContradictedBy(r), !meta.fitsPeer(r):
		return false
	case meta.Length >= 0:
		return meta.Length == size
	}
	return told && meta.isConfirmedBy(r)
}

// isPartOf reports whether a 206 is a range of the very version that meta
// describes, and of no other length than it says. RFC 9110 15.3.7 has it carry
// the validator; one that does not may be of any version, from a server that does
// not know If-Range.
func isPartOf(r *Response, cr contentRange, meta description) bool {
	length := cr.last - cr.first + 1
	switch {
	case cr.first < 0 || r.ContentLength >= 0 && r.ContentLength != length:
		return false
	case r.Decoded || contentCoding(r.Header) != meta.Encoding:
		return false // a date does not tell codings apart (RFC 9110 8.8.3.3)
	case meta.Length >= 0 && (cr.last >= meta.Length || cr.total >= 0 && cr.total != meta.Length):
		return false
	}
	return meta.isConfirmedBy(r)
}

func lengthError(received, expected int64) error {
	return &errors.ClientPayloadError{Received: received, Expected: expected, Kind: errors.ErrContentLength}
}
