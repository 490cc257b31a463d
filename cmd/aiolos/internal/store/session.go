package store

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/aiolos-http/aiolos/jar"
	"github.com/aiolos-http/aiolos/middleware"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/textfile"
)

// version is that of the files.
const version = 1

// maxFile bounds what is read of a file.
const maxFile = 64 << 20

// Header is one header of an origin.
type Header struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Session is what is kept between calls of the program.
type Session struct {
	Jar *jar.Jar
	// Headers are sent to one origin each: https://example.org, with the port
	// if it is not the scheme's.
	Headers map[string][]Header
}

// New returns an empty session.
func New() *Session {
	// A server that is called by its address may have cookies too.
	return &Session{Jar: jar.New(jar.Config{Unsafe: true}), Headers: map[string][]Header{}}
}

// file is the layout of a session's file. The cookies have that of package jar.
type file struct {
	Version int                 `json:"aiolos-session"`
	Headers map[string][]Header `json:"headers"`
	Cookies json.RawMessage     `json:"cookies"`
}

// Read reads a session.
func Read(r io.Reader) (*Session, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxFile))
	if err != nil {
		return nil, err
	}
	var f file
	if err := json.Unmarshal(textfile.UTF8(data), &f); err != nil {
		return nil, fmt.Errorf("not the file of a session: %w", err)
	}
	if f.Version != version {
		return nil, fmt.Errorf("the file has version %d, and not %d", f.Version, version)
	}
	s := New()
	if len(f.Cookies) > 0 && string(f.Cookies) != "null" {
		if err := s.Jar.ReadJSON(bytes.NewReader(f.Cookies)); err != nil {
			return nil, err
		}
	}
	for origin, headers := range f.Headers {
		if err := checkHeaders(origin, headers); err != nil {
			return nil, err
		}
		s.Headers[origin] = headers
	}
	return s, nil
}

// checkHeaders refuses headers that would never be sent, or not as they are.
func checkHeaders(origin string, headers []Header) error {
	u, err := url.Parse(origin)
	if err != nil || middleware.Origin(u) != origin {
		return fmt.Errorf("%q is not an origin such as https://example.org", origin)
	}
	for _, h := range headers {
		// The library knows what else is no header.
		if h.Name == "" || strings.ContainsAny(h.Name, " \t\r\n:") || strings.ContainsAny(h.Value, "\r\n\x00") {
			return errors.New("a header of " + origin + " cannot be sent")
		}
	}
	return nil
}

// Write writes the session.
func (s *Session) Write(w io.Writer) error {
	var cookies bytes.Buffer
	if err := s.Jar.WriteJSON(&cookies); err != nil {
		return err
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(file{Version: version, Headers: s.Headers, Cookies: cookies.Bytes()})
}

// Set keeps headers for an origin, in place of those with the same names.
func (s *Session) Set(origin string, headers []Header) {
	for _, h := range headers {
		s.Unset(origin, h.Name)
	}
	for _, h := range headers {
		if isKept(h.Name) {
			s.Headers[origin] = append(s.Headers[origin], Header{http.CanonicalHeaderKey(h.Name), h.Value})
		}
	}
}

// Unset forgets a header of an origin.
func (s *Session) Unset(origin, name string) {
	rest := slices.DeleteFunc(s.Headers[origin], func(h Header) bool { return strings.EqualFold(h.Name, name) })
	if s.Headers[origin] = rest; len(rest) == 0 {
		delete(s.Headers, origin)
	}
}

// isKept reports whether a header is one for the next request too, and not only
// about the body or the state of this one.
func isKept(name string) bool {
	name = http.CanonicalHeaderKey(name)
	for _, prefix := range []string{"Content-", "If-", "Sec-Websocket-"} {
		if strings.HasPrefix(name, prefix) {
			return false
		}
	}
	switch name {
	case "Cookie", "Host", "Range", "Connection", "Upgrade", "Transfer-Encoding", "Te", "Trailer", "Expect", "Keep-Alive", "Proxy-Authorization":
		return false
	}
	return true
}

// Import adds cookies, from a cookies.txt or from the JSON of package jar, to
// those that are there, and returns how many were read. An error that is a Partial
// [jar.FileError] is about lines that were passed over.
func (s *Session) Import(data []byte) (int, error) {
	data = textfile.UTF8(data)
	in := jar.New(jar.Config{Unsafe: true})
	read := in.ReadNetscape
	if text := bytes.TrimSpace(bytes.TrimPrefix(data, []byte("\ufeff"))); len(text) > 0 && text[0] == '{' {
		read = in.ReadJSON
	}
	err := read(bytes.NewReader(data))
	if bad, ok := errors.AsType[*jar.FileError](err); err != nil && (!ok || !bad.Partial) {
		return 0, err
	}
	n := 0
	for c := range in.All() {
		n++
		cookie := c.Cookie
		if c.Domain == "" {
			s.Jar.Update([]*http.Cookie{&cookie}, nil)
			continue
		}
		u := &url.URL{Scheme: "https", Host: c.Domain, Path: c.Path}
		if strings.Contains(c.Domain, ":") {
			u.Host = "[" + c.Domain + "]"
		}
		if c.HostOnly {
			cookie.Domain = ""
		}
		s.Jar.SetCookies(u, []*http.Cookie{&cookie})
	}
	return n, err
}
