package session_test

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/form"
	"github.com/aiolos-http/aiolos/internal/leak"
	"github.com/aiolos-http/aiolos/internal/wiretest"
	"github.com/aiolos-http/aiolos/session"
)

var update = flag.Bool("update", false, "write the golden transcripts anew")

func TestMain(m *testing.M) { leak.Main(m) }

// transcript is a request, and the name under which its bytes are kept.
type transcript struct {
	name   string
	method string
	url    string
	opts   []session.Option
}

func transcripts(t *testing.T) []transcript {
	file := func() io.Reader {
		f, err := os.Open(filepath.Join("..", "testdata", "wire", "upload.txt"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close() })
		if _, err := f.Seek(7, io.SeekStart); err != nil {
			t.Fatal(err)
		}
		return f
	}
	pieces := func(yield func([]byte, error) bool) {
		_ = yield([]byte("first "), nil) && yield([]byte("second"), nil)
	}
	return []transcript{
		{"get", "GET", "/", nil},
		{"lower-case method", "get", "/", nil},
		{"head", "HEAD", "/", nil},
		{"options", "OPTIONS", "/", nil},
		{"delete without a body", "DELETE", "/thing/1", nil},
		{"post without a body", "POST", "/", nil},
		{"method of somebody's own", "PURGE", "/cache", nil},
		{"verbatim path", "GET", "/a%2Fb/%7euser/%C3%A9;p=1", nil},
		{"query", "GET", "/s?a=1", opt(session.Query("q", "gó & co"), session.Query("q", "2"))},
		{"params", "GET", "/s", opt(session.Params(url.Values{"b": {"1", "2"}, "a": {""}}))},
		{"fragment", "GET", "/s?a=1#part", nil},
		{"headers", "GET", "/", opt(session.Header("X-One", "1"), session.AddHeader("X-Many", "a"), session.AddHeader("X-Many", "b"))},
		{"skipped headers", "GET", "/", opt(session.SkipHeader("User-Agent", "Accept", "Accept-Encoding"))},
		{"own automatic headers", "GET", "/", opt(session.Header("User-Agent", "mine/1"), session.Header("Accept", "text/html"))},
		{"own host", "GET", "/", opt(session.Header("Host", "other.example"))},
		{"range", "GET", "/", opt(session.Header("Range", "bytes=5-"))},
		{"basic auth", "GET", "/", opt(session.BasicAuth("Aladdin", "open sesame"))},
		{"credentials in the url", "GET", "http://us%40er:p%3Ass@example.com/", nil},
		{"bearer", "GET", "/", opt(session.Bearer("abc.def"))},
		{"cookies", "GET", "/", opt(session.Cookie("a", "1"), session.Cookie("b", "two"))},
		{"json", "POST", "/", opt(session.JSON(map[string]any{"a": 1, "b": "<é>"}))},
		{"form", "POST", "/", opt(session.Form(url.Values{"name": {"J. Döe"}, "x": {"1", "2"}}))},
		{"form pairs", "POST", "/", opt(session.FormPairs("z", "1", "a", "2", "z", "3"))},
		{"bytes", "PUT", "/", opt(session.Bytes([]byte("\x01bytes")))},
		{"text", "POST", "/", opt(session.Text("grüße"))},
		{"empty text", "POST", "/", opt(session.Text(""))},
		{"own content type", "POST", "/", opt(session.Text("a,b"), session.Header("Content-Type", "text/csv"))},
		{"strings reader", "POST", "/", opt(session.Body(strings.NewReader("known")))},
		{"opaque reader", "POST", "/", opt(session.Body(io.MultiReader(strings.NewReader("unknown length"))))},
		{"opaque reader of a given length", "POST", "/", opt(session.Body(io.MultiReader(strings.NewReader("four"))), session.Header("Content-Length", "4"))},
		{"file from its position", "PUT", "/", opt(session.Body(file()))},
		{"stream", "POST", "/", opt(session.Stream(pieces))},
		{"chunked", "POST", "/", opt(session.Text("known"), session.Chunked())},
		{"version 1.0", "GET", "/", opt(session.Version(1, 0))},
		{"version 1.0 with a body", "POST", "/", opt(session.Version(1, 0), session.Text("body"))},
		{"requoted", "GET", "/%7euser/%c3%a9?a=%7e&b=%2f", opt(session.Requote())},
		{"form of fields", "POST", "/", opt(session.FormData(form.New().Field("b", "1 2").Field("a", "ü")))},
		{"form with a file", "POST", "/", opt(session.FormData(form.New().Boundary("frontier").
			Field("title", "a cat").Bytes("photo", []byte("meow"), form.FileName("my \"cat\".png"), form.ContentType("image/png"))))},
		{"multipart", "POST", "/", opt(session.Multipart(form.NewMultipart("mixed").Boundary("frontier").Text("one").JSON(map[string]int{"two": 2})))},
		{"get with a body", "GET", "/", opt(session.Text("odd"))},
		{"delete with a body", "DELETE", "/", opt(session.JSON([]int{1}))},
	}
}

// TestWire: requests are, byte for byte, what the golden file says.
func TestWire(t *testing.T) {
	t.Parallel()
	golden := filepath.Join("..", "testdata", "wire", "requests.txtar")
	want := map[string]string{}
	if data, err := os.ReadFile(golden); err == nil {
		want = unpack(string(data))
	} else if !*update {
		t.Fatal(err)
	}
	var out strings.Builder
	out.WriteString("The requests of a session, byte for byte. A line ends in CR LF on the wire.\n")
	all := transcripts(t)
	for _, tr := range all {
		got := onTheWire(t, tr)
		fmt.Fprintf(&out, "-- %s --\n%s\n", tr.name, got)
		if !*update && got != want[tr.name] {
			t.Errorf("%s: got\n%s\nwant\n%s", tr.name, got, want[tr.name])
		}
	}
	if len(want) != len(all) && !*update {
		t.Errorf("the golden file has %d requests, want %d", len(want), len(all))
	}
	if *update {
		if err := os.WriteFile(golden, []byte(out.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// onTheWire sends the request to a server that is called example.com and
// returns what arrived there.
func onTheWire(t *testing.T, tr transcript) string {
	t.Helper()
	srv := wiretest.New(t, func(c *wiretest.Conn) {
		c.ReadRequest()
		c.Write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
	})
	conn, err := connector.New(connector.Config{
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, srv.Addr())
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	s := newSession(t, session.Config{Connector: conn, OwnConnector: true, BaseURL: "http://example.com/"})
	resp, err := s.Request(t.Context(), tr.method, tr.url, tr.opts...)
	if err != nil {
		t.Fatalf("%s: %v", tr.name, err)
	}
	resp.Close()
	raw := srv.Received(0)
	if raw == "" {
		t.Fatalf("%s: nothing arrived", tr.name)
	}
	text := strings.ReplaceAll(raw, "\r\n", "\n")
	if strings.Count(raw, "\r\n") != strings.Count(raw, "\n") || strings.Contains(text, "\r") {
		t.Errorf("%s: a line does not end in CR LF: %q", tr.name, raw)
	}
	return text
}

// TestChunkedNothing: where there is no body there is no chunk either, not even
// the last, which would be the start of the next request. (aiohttp writes it)
func TestChunkedNothing(t *testing.T) {
	t.Parallel()
	for _, body := range []session.Option{{}, session.Text(""), session.Bytes(nil)} {
		for _, method := range []string{"GET", "POST", "DELETE"} {
			got := onTheWire(t, transcript{method + " " + body.String(), method, "/", opt(session.Chunked(), body)})
			if !strings.HasSuffix(got, "\n\n") || strings.Count(got, "\n\n") != 1 || strings.Contains(got, "chunked") {
				t.Errorf("%s %v: got %q", method, body, got)
			}
		}
	}
}

// unpack reads the sections of a txtar archive.
func unpack(archive string) map[string]string {
	sections := map[string]string{}
	parts := strings.Split(archive, "\n-- ")
	for _, part := range parts[1:] {
		name, text, _ := strings.Cut(part, " --\n")
		sections[name] = text
	}
	if n := len(parts); n > 1 { // the archive's last line break is the file's
		name, text, _ := strings.Cut(parts[n-1], " --\n")
		sections[name] = strings.TrimSuffix(text, "\n")
	}
	return sections
}
