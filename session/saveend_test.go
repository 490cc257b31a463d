package session_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/certs"
	"github.com/aiolos-http/aiolos/internal/wiretest"
	"github.com/aiolos-http/aiolos/session"
)

// endContent is a file whose server does not say how long it is.
var endContent = content[:100]

// step is one answer of a server, and the Range to which it is given.
type step struct {
	asked  string
	status int
	header string // "Name: value" lines
	body   string
	cut    bool // the connection breaks after the body
}

// v1 is the head of an answer of the first version.
const v1 = "ETag: \"v1\"\n"

// firstAnswer has neither a length nor an end, so that five bytes are left.
var firstAnswer = step{"", 200, v1, string(endContent[:5]), true}

// wholeAnswer is the whole without a length.
var wholeAnswer = step{"", 200, v1, string(endContent), false}

// rest is an answer with a range of the first version.
func rest(asked, span string, body []byte, cut bool) step {
	return step{asked, 206, v1 + "Content-Range: bytes " + span, string(body), cut}
}

// notSatisfiable is an answer that says where a file ends.
func notSatisfiable(asked, length, tag string) step {
	return step{asked, 416, tag + "Content-Range: bytes */" + length, "", false}
}

// endCases are what a server may say of a file whose end is not known. The file is
// then whole, or the error says that it is not.
var endCases = []struct {
	name  string
	steps []step
	class error // of the call that goes on; nil: the file is complete
	left  int   // bytes of the unfinished file beside an error
}{
	{"the rest is cut", []step{rest("5-", "5-99/*", endContent[5:8], true)}, errors.ErrClientPayload, 8},
	{"a piece, and its end", []step{rest("5-", "5-7/*", endContent[5:8], false), rest("8-", "8-99/100", endContent[8:], false)}, nil, 0},
	{"pieces, and 416", []step{
		rest("5-", "5-7/*", endContent[5:8], false), rest("8-", "8-99/*", endContent[8:], false), notSatisfiable("100-", "100", v1),
	}, nil, 0},
	{"pieces, and 416 without a tag", []step{rest("5-", "5-99/*", endContent[5:], false), notSatisfiable("100-", "100", ""), wholeAnswer}, nil, 0},
	{"a piece of a known length", []step{rest("5-", "5-7/100", endContent[5:8], false), rest("8-", "8-99/100", endContent[8:], false)}, nil, 0},
	{"two lengths", []step{rest("5-", "5-7/100", endContent[5:8], false), rest("8-", "8-10/11", endContent[8:11], false), wholeAnswer}, nil, 0},
	{"a piece, and another version", []step{rest("5-", "5-7/*", endContent[5:8], false), {"8-", 200, "ETag: \"v2\"", string(endContent), false}}, nil, 0},
	{"a piece, and an error", []step{rest("5-", "5-7/*", endContent[5:8], false), {"8-", 503, "", "", false}}, errors.ErrClientResponse, 8},
	{"a piece, nonsense, and an error", []step{
		rest("5-", "5-7/*", endContent[5:8], false), rest("8-", "9-99/*", endContent[9:], false), {"", 503, "", "", false},
	}, errors.ErrClientResponse, 8},
	{"less than the range", []step{rest("5-", "5-99/*", endContent[5:8], false)}, errors.ErrContentLength, 8},
	{"more than the range", []step{rest("5-", "5-7/*", endContent[5:20], false)}, errors.ErrContentLength, 5},
	{"more than the range to the end", []step{rest("5-", "5-7/8", endContent[5:20], false)}, errors.ErrContentLength, 5},
	{"416 with another tag", []step{notSatisfiable("5-", "5", "ETag: \"v2\"\n"), wholeAnswer}, nil, 0},
	{"416 without a tag", []step{notSatisfiable("5-", "5", ""), wholeAnswer}, nil, 0},
	{"416 without a length", []step{{"5-", 416, v1, "", false}, wholeAnswer}, nil, 0},
	{"no tag", []step{{"5-", 206, "Content-Range: bytes 5-99/100", string(endContent[5:]), false}, wholeAnswer}, nil, 0},
	{"a weak tag", []step{{"5-", 206, "ETag: W/\"v1\"\nContent-Range: bytes 5-99/100", string(endContent[5:]), false}, wholeAnswer}, nil, 0},
	{"a date only", []step{
		{"5-", 206, "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\nContent-Range: bytes 5-99/100", string(endContent[5:]), false}, wholeAnswer,
	}, nil, 0},
	{"a range that no length can hold", []step{rest("5-", "5-9223372036854775807/*", endContent[5:8], false), wholeAnswer}, nil, 0},
	{"a range of an unknown unit", []step{{"5-", 206, v1 + "Content-Range: lines 5-99/100", string(endContent[5:]), false}, wholeAnswer}, nil, 0},
}

// endServer gives answers in turn.
type endServer struct {
	mu    sync.Mutex
	steps []step
	asked []string
}

// next is the answer to a request for a range, and whether there is one.
func (e *endServer) next(span string) step {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.asked = append(e.asked, strings.TrimPrefix(span, "bytes="))
	if len(e.steps) == 0 {
		return step{asked: "", status: 500}
	}
	s := e.steps[0]
	e.steps = e.steps[1:]
	return s
}

func (e *endServer) set(steps []step) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.steps, e.asked = steps, nil
}

func (e *endServer) requests() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.asked
}

// ServeHTTP answers without a length.
func (e *endServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s := e.next(r.Header.Get("Range"))
	for line := range strings.Lines(s.header) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		w.Header().Set(name, value)
	}
	w.WriteHeader(s.status)
	http.NewResponseController(w).Flush()
	io.WriteString(w, s.body)
	if s.cut {
		http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
}

// script answers with bodies that end with their connection, or break off with it.
func (e *endServer) script(c *wiretest.Conn) {
	r := c.ReadRequest()
	s := e.next(r.Header.Get("Range"))
	c.Write(fmt.Sprintf("HTTP/1.1 %d X\r\n%sConnection: close\r\n\r\n%s", s.status, headLines(s.header), s.body))
	if s.cut {
		c.Reset()
	}
}

func headLines(header string) string {
	if header = strings.TrimSpace(header); header == "" {
		return ""
	}
	return strings.ReplaceAll(header, "\n", "\r\n") + "\r\n"
}

// endServers are the ways in which a body can have no length.
var endServers = map[string]func(t *testing.T, e *endServer) string{
	"http, chunks":  func(t *testing.T, e *endServer) string { t.Helper(); return serveEnds(t, e, false, false) },
	"https, chunks": func(t *testing.T, e *endServer) string { t.Helper(); return serveEnds(t, e, true, false) },
	"https, HTTP/2": func(t *testing.T, e *endServer) string { t.Helper(); return serveEnds(t, e, true, true) },
	"http, close":   func(t *testing.T, e *endServer) string { t.Helper(); return wiretest.New(t, e.script).URL() },
	"https, close": func(t *testing.T, e *endServer) string {
		t.Helper()
		return wiretest.NewTLS(t, certs.For(t, certs.Options{}).Server(), e.script).URL()
	},
}

func serveEnds(t *testing.T, e *endServer, secure, http2 bool) string {
	t.Helper()
	srv := httptest.NewUnstartedServer(e)
	srv.EnableHTTP2 = http2
	if secure {
		srv.StartTLS()
	} else {
		srv.Start()
	}
	t.Cleanup(srv.Close)
	return srv.URL
}

// TestSaveEnds: a file is complete only if its end is known to be the end, and all
// of it is of one version. What is not stays unfinished, and an honest server
// completes it.
func TestSaveEnds(t *testing.T) {
	t.Parallel()
	for how, serve := range endServers {
		for _, tt := range endCases {
			t.Run(how+", "+tt.name, func(t *testing.T) {
				t.Parallel()
				e, dir := &endServer{steps: []step{firstAnswer}}, t.TempDir()
				url, s := serve(t, e), newSession(t, session.Config{})
				path := filepath.Join(dir, "f")
				save := func() (session.Saved, error) {
					return s.Save(t.Context(), url, session.SaveConfig{Path: path}, session.Insecure())
				}
				_, err := save()
				wantIs(t, err, errors.ErrClientPayload)
				wantContent(t, path+".part", endContent[:5])
				e.set(tt.steps)
				saved, err := save()
				if !errors.Is(err, tt.class) {
					t.Errorf("got %+v, %v", saved, err)
				}
				for i, asked := range e.requests() {
					if i >= len(tt.steps) || asked != tt.steps[i].asked {
						t.Errorf("asked for %q", e.requests())
						break
					}
				}
				if tt.class != nil {
					if want := (session.Saved{Path: path, Size: int64(tt.left), Unfinished: true}); saved != want || files(t, dir) != "f.part f.part.json" {
						t.Errorf("left %+v, want %+v; files %q", saved, want, files(t, dir))
					}
					wantContent(t, path+".part", endContent[:tt.left])
					span := fmt.Sprintf("%d-", tt.left)
					e.set([]step{rest(span, span+"99/100", endContent[tt.left:], false)})
					saved, err = save()
				}
				if err != nil || saved.Size != int64(len(endContent)) {
					t.Errorf("in the end %+v, %v", saved, err)
				}
				wantContent(t, path, endContent)
				if got := files(t, dir); got != "f" {
					t.Errorf("files %q", got)
				}
			})
		}
	}
}

// TestSaveTooManyPieces: a server cannot make one call ask for ever.
func TestSaveTooManyPieces(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		opts []session.Option
		want error
	}{
		"pieces": {nil, errors.ErrContentLength},
		"limit":  {[]session.Option{session.MaxBodySize(3)}, errors.ErrBodyTooLarge},
	} {
		e, dir := &endServer{steps: []step{firstAnswer}}, t.TempDir()
		url, s := serveEnds(t, e, false, false), newSession(t, session.Config{})
		path := filepath.Join(dir, "f")
		_, err := s.Save(t.Context(), url, session.SaveConfig{Path: path})
		wantIs(t, err, errors.ErrClientPayload)
		steps := make([]step, 0, len(endContent))
		for i := 5; i < len(endContent); i++ {
			steps = append(steps, rest("", fmt.Sprintf("%d-%d/*", i, i), endContent[i:i+1], false))
		}
		e.set(steps)
		saved, err := s.Save(t.Context(), url, session.SaveConfig{Path: path}, tt.opts...)
		wantIs(t, err, tt.want)
		if n := len(e.requests()); n > 20 || !saved.Unfinished || saved.Size != int64(5+n) {
			t.Errorf("%s: %d requests, %+v", name, n, saved)
		}
		if _, err := os.Stat(path); err == nil {
			t.Errorf("%s: published", name)
		}
	}
}

// TestSaveDateMissing: a description that has only a date asks for that.
func TestSaveDateMissing(t *testing.T) {
	t.Parallel()
	const date = "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\n"
	first := step{"", 200, date + "Date: Sun, 06 Nov 1994 09:49:37 GMT", string(endContent[:5]), true}
	whole := step{"", 200, date, string(endContent), false}
	for name, tt := range map[string]struct {
		header   string
		requests int
	}{"the date": {date, 1}, "no date": {"", 2}, "another date": {"Last-Modified: Sun, 06 Nov 1994 08:49:38 GMT\n", 2}} {
		e, dir := &endServer{steps: []step{first}}, t.TempDir()
		url, s := serveEnds(t, e, false, false), newSession(t, session.Config{})
		path := filepath.Join(dir, "f")
		_, err := s.Save(t.Context(), url, session.SaveConfig{Path: path})
		wantIs(t, err, errors.ErrClientPayload)
		e.set([]step{{"5-", 206, tt.header + "Content-Range: bytes 5-99/100", string(endContent[5:]), false}, whole})
		_, err = s.Save(t.Context(), url, session.SaveConfig{Path: path})
		if got := len(e.requests()); err != nil || got != tt.requests {
			t.Errorf("%s: %d requests, %v, want %d", name, got, err, tt.requests)
		}
		wantContent(t, path, endContent)
	}
}
