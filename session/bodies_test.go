package session_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf16"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/codec"
	"github.com/aiolos-http/aiolos/session"
)

// TestJSONCharsets: JSON is read in the charset that the header or a byte order mark names,
// whoever reads it.
func TestJSONCharsets(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, contentType, body, want string }{
		{"utf-8", "application/json", `{"n":"café"}`, "café"},
		{"a mark", "application/json", "\uFEFF" + `{"n":"café"}`, "café"},
		{"a mark that contradicts", "application/json; charset=iso-8859-1", "\uFEFF" + `{"n":"café"}`, "café"},
		{"iso-8859-1", "application/json; charset=iso-8859-1", "{\"n\":\"caf\xe9\"}", "café"},
		{"in quotes", `application/problem+json; charset="ISO-8859-1"`, "{\"n\":\"caf\xe9\"}", "café"},
		{"windows-1251", "application/json; charset=windows-1251", "{\"n\":\"\xcf\xf0\xe8\"}", "При"},
		{"utf-16le", "application/json; charset=utf-16le", inUTF16(`{"n":"café"}`, 0), "café"},
		{"utf-16le with a mark", "application/json", "\xff\xfe" + inUTF16(`{"n":"café"}`, 0), "café"},
		{"utf-16be with a mark", "application/json; charset=utf-8", "\xfe\xff" + inUTF16(`{"n":"café"}`, 1), "café"},
		{"shift_jis", "application/json; charset=shift_jis", "{\"n\":\"\x82\xa0\"}", "あ"},
		{"unknown", "application/json; charset=klingon", `{"n":"café"}`, "café"},
		{"not valid", "application/json", "{\"n\":\"caf\xe9\"}", "caf\uFFFD"},
		{"no type", "", `{"n":"café"}`, "café"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for reader, read := range jsonReaders(t, tt.contentType, tt.body) {
				if got, err := read(); got != tt.want || err != nil {
					t.Errorf("%s: got %q, %v, want %q", reader, got, err, tt.want)
				}
			}
		})
	}
}

// inUTF16 is text in UTF-16, with the high byte first or second.
func inUTF16(text string, low int) string {
	var b []byte
	for _, unit := range utf16.Encode([]rune(text)) {
		two := []byte{byte(unit >> 8), byte(unit)}
		b = append(b, two[1-low], two[low])
	}
	return string(b)
}

// jsonReaders are the ways to read {"n": string} from a body.
func jsonReaders(t *testing.T, contentType, body string) map[string]func() (string, error) {
	t.Helper()
	type named struct{ N string }
	return map[string]func() (string, error){
		"JSON": func() (string, error) {
			var v named
			err := answerOf(t, http.StatusOK, body, "Content-Type", contentType).JSON(&v)
			return v.N, err
		},
		"Decode": func() (string, error) {
			v, err := session.Decode[named](answerOf(t, http.StatusOK, body, "Content-Type", contentType), nil)
			return v.N, err
		},
		"Records": func() (string, error) {
			return onlyRecord(session.Records[named](answerOf(t, http.StatusOK, body, "Content-Type", contentType), nil), func(v named) string { return v.N })
		},
		"Records by bytes": func() (string, error) {
			resp, _ := bodyOf(t, iotest.OneByteReader(strings.NewReader(body)))
			resp.Header.Set("Content-Type", contentType)
			return onlyRecord(session.Records[named](resp, nil), func(v named) string { return v.N })
		},
		"BodyPart.JSON": func() (string, error) {
			whole := "--b\r\nContent-Type: " + contentType + "\r\n\r\n" + body + "\r\n--b--\r\n"
			m, err := answerOf(t, http.StatusOK, whole, "Content-Type", "multipart/mixed; boundary=b").MultipartReader(session.MultipartConfig{})
			if err != nil {
				return "", err
			}
			p, err := m.Next()
			if err != nil {
				return "", err
			}
			var v named
			err = p.JSON(&v)
			return v.N, err
		},
	}
}

// onlyRecord is the single record of a sequence.
func onlyRecord[T any](records iter.Seq2[T, error], text func(T) string) (got string, err error) {
	n := 0
	for v, err := range records {
		if err != nil {
			return got, err
		}
		got = text(v)
		n++
	}
	if n != 1 {
		return got, fmt.Errorf("%d records", n)
	}
	return got, nil
}

// TestRecordsBehindAHead: what comes after lines that were read otherwise is in the same
// charset.
func TestRecordsBehindAHead(t *testing.T) {
	t.Parallel()
	resp := answerOf(t, http.StatusOK, "head \xcf\n{\"n\":\"\xcf\xf0\xe8\"}", "Content-Type", "application/x-ndjson; charset=windows-1251")
	if _, err := resp.Content().ReadLine(); err != nil {
		t.Fatal(err)
	}
	got, err := onlyRecord(session.Records[struct{ N string }](resp, nil), func(v struct{ N string }) string { return v.N })
	if got != "При" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
}

// TestRecordsInCharset: lines of another charset come one by one, as they arrive.
func TestRecordsInCharset(t *testing.T) {
	t.Parallel()
	type named struct{ N string }
	r, w := io.Pipe()
	resp, _ := bodyOf(t, r)
	resp.Header.Set("Content-Type", "application/x-ndjson; charset=utf-16le")
	next, stop := iter.Pull2(session.Records[named](resp, nil))
	defer stop()
	for _, want := range []string{"é", "ж"} {
		go io.WriteString(w, inUTF16(`{"n":"`+want+"\"}\r\n", 0)) // and nothing behind it
		if v, err, ok := next(); v.N != want || err != nil || !ok {
			t.Errorf("got %q, %v, %v, want %q", v.N, err, ok, want)
		}
	}
	w.Close()
	if v, err, ok := next(); ok {
		t.Errorf("behind the end: got %v, %v", v, err)
	}
}

// TestAnyContentType: JSON of another type is refused, and taken with the option.
func TestAnyContentType(t *testing.T) {
	t.Parallel()
	for _, contentType := range []string{"text/plain", "text/html; charset=utf-8", "application/octet-stream", "nonsense", "application/javascript"} {
		s := exampleServer(`{"n": 7}`, "Content-Type", contentType)
		t.Cleanup(func() { s.Close() })
		get := func(o ...session.Option) (*session.Response, error) {
			return s.Get(t.Context(), "http://h.example/", o...)
		}
		type number struct{ N int }
		if _, err := session.Decode[number](get()); !errors.Is(err, errors.ErrContentType) {
			t.Errorf("%s: got %v, want a ContentTypeError", contentType, err)
		}
		if v, err := session.Decode[number](get(session.AnyContentType())); v.N != 7 || err != nil {
			t.Errorf("%s: Decode: got %v, %v", contentType, v, err)
		}
		if err := firstError(session.Records[number](get())); err != nil {
			t.Errorf("%s: Records: got %v", contentType, err)
		}
		for resp, err := range s.Pages(t.Context(), "http://h.example/", session.AnyContentType()) {
			var v number
			if err == nil {
				err = resp.JSON(&v)
			}
			if v.N != 7 || err != nil {
				t.Errorf("%s: Pages: got %v, %v", contentType, v, err)
			}
		}
		loose := s.With(session.AnyContentType())
		if v, err := session.Decode[number](loose.Get(t.Context(), "http://h.example/")); v.N != 7 || err != nil {
			t.Errorf("%s: With: got %v, %v", contentType, v, err)
		}
	}
}

// TestEventSizes: an event of 8 MiB comes, in one line or in many, and MaxEventSize says
// what is too large.
func TestEventSizes(t *testing.T) {
	t.Parallel()
	line := func(n int) string { return "data: " + strings.Repeat("x", n) + "\n\n" }
	for _, tt := range []struct {
		name, stream string
		opts         []session.Option
		size         int // -1: too large
	}{
		{"a line of 2 MiB", line(2 << 20), nil, 2 << 20},
		{"a line of 8 MiB", line(8 << 20), nil, 8 << 20},
		{"a byte more", line(8<<20 + 1), nil, -1},
		{"lines of 8 MiB", strings.Repeat("data: "+strings.Repeat("x", 1<<20-1)+"\n", 8) + "\n", nil, 8<<20 - 1},
		{"a larger limit", line(9 << 20), opt(session.MaxEventSize(9 << 20)), 9 << 20},
		{"no limit", line(9 << 20), opt(session.MaxEventSize(-1)), 9 << 20},
		{"a small limit", line(100), opt(session.MaxEventSize(99)), -1},
		{"a small limit that holds", line(99), opt(session.MaxEventSize(99)), 99},
		{"the default again", line(8 << 20), opt(session.MaxEventSize(1), session.MaxEventSize(0)), 8 << 20},
		{"a comment", ":" + strings.Repeat("x", 9<<20) + "\n\ndata: x\n\n", nil, -1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := exampleServer(tt.stream, "Content-Type", "text/event-stream")
			defer s.Close()
			for way, events := range map[string]iter.Seq2[session.Event, error]{
				"Response": func(yield func(session.Event, error) bool) {
					resp, err := s.Get(t.Context(), "http://h.example/", tt.opts...)
					if err != nil {
						t.Fatal(err)
					}
					resp.Events()(yield)
				},
				"Session": s.Events(t.Context(), "http://h.example/", tt.opts...),
			} {
				for e, err := range events {
					if tt.size < 0 && !errors.Is(err, errors.ErrBodyTooLarge) || tt.size >= 0 && (err != nil || len(e.Data) != tt.size) {
						t.Errorf("%s: got %d bytes, %v, want %d", way, len(e.Data), err, tt.size)
					}
					break
				}
			}
		})
	}
}

// TestCameras: a boundary that is the whole delimiter is read, and so is every boundary
// that only looks like one.
func TestCameras(t *testing.T) {
	t.Parallel()
	parts := func(delimiter string) string {
		return delimiter + "\r\nContent-Type: image/jpeg\r\nContent-Length: 3\r\n\r\none\r\n" + delimiter + "\r\n\r\ntwo\r\n" + delimiter + "--\r\n"
	}
	for _, tt := range []struct{ name, boundary, body, want string }{
		{"as it should be", "b", parts("--b"), "one two"},
		{"the whole delimiter", "--b", parts("--b"), "one two"},
		{"in quotes", `"--my boundary"`, parts("--my boundary"), "one two"},
		{"hyphens of its own", "--b", parts("----b"), "one two"},
		{"as browsers have them", "----WebKitFormBoundary7", parts("------WebKitFormBoundary7"), "one two"},
		{"behind a line end", "--b", "\r\n" + parts("--b"), "one two"},
		{"behind a preamble", "--b", "frames\r\n-- b\r\n--bc\r\n" + parts("--b"), "one two"},
		{"blanks behind it", "--b", strings.ReplaceAll(parts("--b"), "--b\r\n", "--b \t\r\n"), "one two"},
		{"line feeds", "--b", strings.ReplaceAll(parts("--b"), "\r\n", "\n"), "one two"},
		{"line feeds and no last one", "--b", strings.TrimSuffix(strings.ReplaceAll(parts("--b"), "\r\n", "\n"), "\n"), "one two"},
		{"line feeds, as it should be", "b", strings.TrimSuffix(strings.ReplaceAll(parts("--b"), "\r\n", "\n"), "\n"), "one two"},
		{"no last line end", "b", strings.TrimSuffix(parts("--b"), "\r\n"), "one two"},
		{"line feeds in a part", "b", "--b\r\n\r\n1\n2\n\r\n--b--", "1\n2\n"},
		{"no part", "--b", "--b--\r\n", ""},
		{"no part and no line end", "--b", "--b--", ""},
		{"nothing but hyphens", "--", parts("----"), "one two"},
		{"no delimiter", "--b", "text\r\n", "ErrClientPayload"},
		{"nothing", "--b", "", "ErrClientPayload"},
		{"a long preamble", "--b", strings.Repeat("x\r\n", 10<<10) + parts("----b"), "one two"},
	} {
		for pieces, r := range readers(tt.body) {
			resp, _ := bodyOf(t, r)
			resp.Header.Set("Content-Type", "multipart/x-mixed-replace;boundary="+tt.boundary)
			got, err := partsText(resp)
			if errors.Is(err, errors.ErrClientPayload) {
				got = "ErrClientPayload"
			}
			if got != tt.want {
				t.Errorf("%s, %s: got %q, %v, want %q", tt.name, pieces, got, err, tt.want)
			}
		}
	}
}

func partsText(resp *session.Response) (string, error) {
	m, err := resp.MultipartReader(session.MultipartConfig{})
	if err != nil {
		return "", err
	}
	var texts []string
	for p, err := range m.Parts() {
		if err != nil {
			return strings.Join(texts, " "), err
		}
		text, err := p.Text()
		if err != nil {
			return strings.Join(texts, " "), err
		}
		texts = append(texts, text)
	}
	return strings.Join(texts, " "), nil
}

// TestErrorWords: the text of a status has the first line of what the server says, and
// none of what is secret.
func TestErrorWords(t *testing.T) {
	t.Parallel()
	const jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"
	for _, tt := range []struct{ name, contentType, body, want string }{
		{"JSON", "application/json", `{"error":"name is required"}`, `{"error":"name is required"}`},
		{"JSON of many lines", "application/problem+json", "{\n  \"title\": \"Bad\",\n  \"errors\": [1, true, null]\n}\n", `{"title":"Bad","errors":[1,true,null]}`},
		{"JSON that is cut", "application/json", `{"error":"name is required","x":[1,`, `{"error":"name is required","x":[1,...`},
		{"JSON with a mark", "application/json", "\uFEFF" + `{"a":1}`, `{"a":1}`},
		{"JSON with secrets", "application/json", `{"token":"canary-1","nested":{"api_key":{"a":"canary-1"}},"msg":"no"}`, `{"token":"***","nested":{"api_key":"***"},"msg":"no"}`},
		{"text", "text/plain; charset=utf-8", "\r\nname is required\r\nsecond line", "name is required"},
		{"no type", "", "name is required", "name is required"},
		{"control characters", "text/plain", "a\x1b[31mb\u202e", `a\x1b[31mb\u202e`},
		{"a pair", "text/plain", "bad password=canary-1, user=me", "bad password=***, user=me"},
		{"a key in words", "text/plain", "Incorrect API key provided: sk-canary-1", "Incorrect API key provided: ***"},
		{"words behind a colon", "text/plain", "password: must be longer", "password: must be longer"},
		{"a scheme", "text/plain", "got Bearer canary-1", "got Bearer ***"},
		{"a JWT", "text/plain", "expired: " + jwt, "expired: ***"},
		{"a URL", "text/plain", "see https://u:canary-1@h.example/p?code=canary-1", "see https://***@h.example/p?code=***"},
		{"what the request has", "text/plain", "no query-canary and no header-canary", "no *** and no ***"},
		{"markup", "text/html", "<!DOCTYPE html><title>no</title>", ""},
		{"markup as text", "text/plain", "<html>", ""},
		{"bytes", "application/octet-stream", "abc", ""},
		{"bytes as text", "text/plain", "a\x00b", ""},
		{"the reason again", "text/plain", "Unprocessable Entity\n", ""},
		{"nothing", "application/json", "", ""},
	} {
		resp := answerOf(t, http.StatusUnprocessableEntity, tt.body, "Content-Type", tt.contentType)
		resp.Request.URL.RawQuery = "q=query-canary"
		resp.RequestInfo().URL.RawQuery = "q=query-canary"
		resp.RequestInfo().Header.Set("X-Api-Key", "header-canary")
		err := resp.CheckStatus()
		status, ok := errors.AsType[*errors.ClientResponseError](err)
		if !ok || string(status.Body) != tt.body {
			t.Fatalf("%s: got %v", tt.name, err)
		}
		_, got, _ := strings.Cut(err.Error(), "422 Entity") // of the double
		if got = strings.TrimPrefix(got, ": "); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
	for _, long := range []string{strings.Repeat("x", 4000), `{"a":"` + strings.Repeat("x", 4000) + `"}`} {
		if text := answerOf(t, http.StatusUnprocessableEntity, long).CheckStatus().Error(); len(text) > 300 {
			t.Errorf("a text of %d bytes", len(text))
		}
	}
}

// TestSaveNamedCoding: a file whose name says that its bytes are in a coding is saved in
// it, and any other is not.
func TestSaveNamedCoding(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	io.WriteString(z, "the tar")
	z.Close()
	zipped := b.String()
	f := newFileServer(t)
	f.handler = func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", r.URL.Query().Get("coding"))
		w.Header().Set("Etag", `"v1"`)
		io.WriteString(w, zipped)
	}
	for _, tt := range []struct{ url, path, name, coding, want string }{
		{"/a.tar.gz", "", "a.tar.gz", "gzip", zipped},
		{"/a.TGZ", "", "a.TGZ", "gzip", zipped},
		{"/a.tar.gz", "", "a.tar.gz", "x-gzip", zipped},
		{"/a.svgz", "", "a.svgz", "gzip", zipped},
		{"/a.txt", "", "a.txt", "gzip", "the tar"},
		{"/a.tar.gz", "a.tar", "a.tar", "gzip", "the tar"},
		{"/a", "b.tar.gz", "b.tar.gz", "gzip", zipped},
		{"/gz", "", "gz", "gzip", "the tar"},
		{"/a.svgz", "", "a.svgz", "gzip", zipped},
	} {
		for way, save := range ways {
			dir := t.TempDir()
			saved, err := save(t, f, tt.url+"?coding="+tt.coding, session.SaveConfig{Path: dir + "/" + tt.path})
			if err != nil || filepath.Base(saved.Path) != tt.name || saved.Size != int64(len(tt.want)) {
				t.Errorf("%s, %v: got %+v, %v", way, tt, saved, err)
				continue
			}
			if got, err := os.ReadFile(saved.Path); string(got) != tt.want || err != nil {
				t.Errorf("%s, %v: got %q, %v", way, tt, got, err)
			}
		}
	}
	resp, err := f.s.Get(t.Context(), f.URL+"/a.tar.gz?coding=gzip")
	if got := readBody(t, resp, err); got != "the tar" {
		t.Errorf("a body that is read: got %q", got)
	}
}

// TestSaveCodedTwice: a server that puts a coding on top of what is in that coding already
// does so for those who take it. It is undone, and the file is what it is on the server.
func TestSaveCodedTwice(t *testing.T) {
	t.Parallel()
	inCoding := func(coding string, data []byte) []byte {
		t.Helper()
		coded, err := codec.Compress(coding, data)
		if err != nil {
			t.Fatal(err)
		}
		return coded
	}
	tar, random := make([]byte, 600_000), rand.New(rand.NewPCG(1, 2))
	for i := range tar {
		tar[i] = byte(random.IntN(16)) // half as much in a coding
	}
	f := newFileServer(t)
	files := make(map[string][]byte)
	f.handler = func(w http.ResponseWriter, r *http.Request) {
		data, coding := files[r.URL.Path], r.URL.Query().Get("on-top")
		w.Header().Set("Etag", `"v1"`)
		switch {
		case coding == "": // what the file is in is taken for a coding
			w.Header().Set("Content-Encoding", r.URL.Query().Get("is"))
		case strings.Contains(r.Header.Get("Accept-Encoding"), coding):
			w.Header().Set("Content-Encoding", coding)
			data = inCoding(coding, data)
		}
		w.Write(data[:1])
		http.NewResponseController(w).Flush()
		w.Write(data[1:])
	}
	for _, size := range []int{0, 1, 1000, len(tar)} {
		files["/a.tar.gz"], files["/a.tar.zst"] = inCoding("gzip", tar[:size]), inCoding("zstd", tar[:size])
		for _, url := range []string{
			"/a.tar.gz?on-top=gzip", "/a.tar.gz?on-top=zstd", "/a.tar.zst?on-top=zstd", "/a.tar.gz?is=gzip", "/a.tar.zst?is=zstd",
		} {
			name, _, _ := strings.Cut(url, "?")
			for way, save := range ways {
				saved, err := save(t, f, url, session.SaveConfig{Path: t.TempDir() + "/"})
				if err != nil {
					t.Errorf("%s, %s of %d: %v", way, url, size, err)
					continue
				}
				if got, err := os.ReadFile(saved.Path); !bytes.Equal(got, files[name]) || err != nil {
					t.Errorf("%s, %s of %d: got %d bytes, %v, want %d", way, url, size, len(got), err, len(files[name]))
				}
			}
		}
	}
}

// TestClosed: a response is closed when its connection is somebody else's again.
func TestClosed(t *testing.T) {
	t.Parallel()
	rec := record(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/hop":
			http.Redirect(w, r, "/", http.StatusFound)
		case "/empty":
		default:
			io.WriteString(w, strings.Repeat("x", 100_000))
		}
	})
	s := newSession(t, session.Config{})
	for _, tt := range []struct {
		name, path string
		use        func(*session.Response)
		want       bool
	}{
		{"untouched", "/", func(*session.Response) {}, false},
		{"read in part", "/", func(r *session.Response) { r.Body.Read(make([]byte, 10)) }, false},
		{"read to its end", "/", func(r *session.Response) { io.Copy(io.Discard, r.Body) }, true},
		{"Bytes", "/", func(r *session.Response) { r.Bytes() }, true},
		{"Close", "/", func(r *session.Response) { r.Close() }, true},
		{"Release", "/", func(r *session.Response) { r.Release() }, true},
		{"the Close of the body", "/", func(r *session.Response) { r.Body.Close() }, true},
		{"without a body", "/empty", func(*session.Response) {}, true},
	} {
		resp, err := s.Get(t.Context(), rec.URL+tt.path)
		if err != nil {
			t.Fatal(err)
		}
		tt.use(resp)
		if got := resp.Closed(); got != tt.want {
			t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
		}
		resp.Close()
	}
	resp, err := s.Get(t.Context(), rec.URL+"/hop")
	if err != nil {
		t.Fatal(err)
	}
	if hop := resp.History()[0]; !hop.Closed() || resp.Closed() {
		t.Errorf("history: closed: %v; the answer: %v", hop.Closed(), resp.Closed())
	}
	resp.Close()
}
