package curlconv

import (
	"strings"
	"time"
)

// Header is one header of a request. Unset leaves out one that is set
// automatically.
type Header struct {
	Name, Value string
	Unset       bool
}

// Part is one part of a multipart form: a text, or a file.
type Part struct {
	Name  string
	Value string // the text, if File is empty
	File  string // its name; "-" is standard input
	Type  string // content type; empty leaves it to the sender
	As    string // file name that is told; empty is that of File
}

// Request is what a curl command asks for.
type Request struct {
	Method  string // never empty after Parse
	URL     string
	Headers []Header

	// At most one of Body, BodyFile and Parts is there. BodyFile "-" is
	// standard input.
	Body     []byte
	BodyFile string
	HasBody  bool // Body or BodyFile, be it empty
	Parts    []Part

	Login        string // user:password, or empty
	Follow       bool   // redirects
	MaxRedirects int    // 0: the sender's default; negative: no limit
	Insecure     bool
	Compressed   bool
	Proxy        string
	Unix         string // path of a socket
	Version      string // "1.0", "1.1", "2", or empty
	Timeout      time.Duration
	Connect      time.Duration // timeout for connecting
	Output       string        // file for the body
	Include      bool          // print the head of the response too
	Verbose      bool          // print both heads
	Fail         bool          // a status of 400 or more is a failure
}

// Header returns the first value of a header and whether it is there.
func (r *Request) Header(name string) (value string, ok bool) {
	for _, h := range r.Headers {
		if strings.EqualFold(h.Name, name) && !h.Unset {
			return h.Value, true
		}
	}
	return "", false
}

// mentions reports whether a header is set or unset.
func (r *Request) mentions(name string) bool {
	for _, h := range r.Headers {
		if strings.EqualFold(h.Name, name) {
			return true
		}
	}
	return false
}

// UnsupportedError is the error for a part of a command that has no counterpart
// here.
type UnsupportedError struct {
	What string // such as "option --resolve"
	Why  string // may be empty
}

// Error implements error.
func (e *UnsupportedError) Error() string {
	if e.Why == "" {
		return "curl: " + e.What + " is not supported"
	}
	return "curl: " + e.What + " is not supported: " + e.Why
}
