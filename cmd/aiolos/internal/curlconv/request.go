package curlconv

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/session/curl"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/syntax"
)

// Header is one header of a request. Unset leaves out one that is set
// automatically.
type Header = curl.Header

// Part is one part of a multipart form: a text, or a file.
type Part = syntax.Part

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
	Boundary string // of Parts; empty is a random one

	Login        string   // user:password; a user alone has a password that is asked for
	Digest       bool     // Login answers a challenge of Digest; else it is sent as Basic
	Netrc        bool     // credentials of the netrc file, where there are no others
	Cert, Key    string   // files with the client's certificate and its key, in PEM
	CACert       string   // file with the authorities to trust
	ConnectTo    []string // HOST1:PORT1:HOST2:PORT2
	Resolve      []string // HOST:PORT:ADDRESS
	Follow       bool     // redirects
	KeepMethod   bool     // curl sends the method again after each redirect (-X with -L)
	MaxRedirects int      // 0: the sender's default; negative: no limit
	Insecure     bool
	Compressed   bool
	Proxy        string
	NoProxy      bool          // none of the environment either
	Unix         string        // path of a socket
	Version      string        // "1.0", "1.1", "2", or empty
	OnlyHTTP2    bool          // no other version, and without TLS too
	Timeout      time.Duration // negative: no limit
	Connect      time.Duration // timeout for connecting; negative: no limit
	Retry        int           // how often to send again what failed
	Output       string        // file for the body
	Include      bool          // print the head of the response too
	Verbose      bool          // print both heads
	Fail         bool          // a status of 400 or more is a failure
	FailBody     bool          // whose body is shown or saved all the same

	Beyond // what curl has no option for
}

// Beyond is what a request can ask of this library, and not of curl.
type Beyond struct {
	Pin      string        // SHA-256 of the certificate, in hexadecimal digits
	Silence  time.Duration // longest one of the server; negative: no limit
	Limit    int           // connections at a time
	PerHost  int           // of these, to one host
	TrustEnv bool          // proxies and credentials of the environment; curl asks it anyway
	NoNetrc  bool          // no credentials of the netrc file, as curl without -n
	// Sensitive names the headers beyond Authorization and Cookie that do not go to
	// another origin after a redirect.
	Sensitive []string
}

// Lost names the flags of aiolos for what [Request.Curl] cannot say.
func (r *Request) Lost() []string {
	var flags []string
	for _, f := range []struct {
		is   bool
		name string
	}{
		{r.Pin != "", "--pin"},
		{r.Silence > 0, "--read-timeout"},
		{r.Limit > 0, "--limit"},
		{r.PerHost > 0, "--per-host"},
		{r.Boundary != "", "--boundary"},
		{r.Retry > 0 && !r.isIdempotent(), "--retry"},
	} {
		if f.is {
			flags = append(flags, f.name)
		}
	}
	return flags
}

// isIdempotent reports whether the request may be sent again without asking.
func (r *Request) isIdempotent() bool {
	made := &http.Request{Method: r.Method, Header: http.Header{}}
	for _, h := range r.Headers {
		if !h.Unset {
			made.Header.Add(h.Name, h.Value)
		}
	}
	return middleware.Idempotent(made)
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

// OwnHeaders are the headers to set, in their order: not those that a form or the choice
// of codings brings along, nor what is left out.
func (r *Request) OwnHeaders() []Header {
	return slices.DeleteFunc(slices.Clone(r.Headers), func(h Header) bool {
		return h.Unset || len(r.Parts) > 0 && strings.EqualFold(h.Name, "Content-Type") || r.Compressed && strings.EqualFold(h.Name, "Accept-Encoding")
	})
}

// IsAutomatic reports whether the library sets a header of its own accord, so that it can
// be told not to.
func IsAutomatic(name string) bool {
	switch http.CanonicalHeaderKey(name) {
	case "Accept", "Accept-Encoding", "Content-Type", "User-Agent":
		return true
	}
	return false
}

// SkippedHeaders names the headers that the library sets and the request does without:
// those that it leaves out, and what curl does not ask for by itself.
func (r *Request) SkippedHeaders() []string {
	var names []string
	for _, h := range r.Headers {
		if name := http.CanonicalHeaderKey(h.Name); h.Unset && IsAutomatic(name) && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	if !r.Compressed && !r.mentionsHeader("Accept-Encoding") {
		names = append(names, "Accept-Encoding")
	}
	return names
}

// FormsOwn reports whether a header is what a multipart form has anyway, with the
// boundary that belongs to it.
func FormsOwn(h Header) bool {
	return strings.EqualFold(h.Name, "Content-Type") && !h.Unset && strings.HasPrefix(strings.ToLower(h.Value), "multipart/form-data")
}

// mentionsHeader reports whether a header is set or unset.
func (r *Request) mentionsHeader(name string) bool {
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
