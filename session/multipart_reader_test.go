package session_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/session"
)

// mixed is a multipart response whose parts are header and body, parted by a
// blank line. Lines end in \n here and in CR LF there.
func mixed(t *testing.T, kind string, parts ...string) *session.Response {
	t.Helper()
	body := "preamble\n"
	for _, p := range parts {
		body += "--b:1\n" + p + "\n"
	}
	return answerOf(t, http.StatusOK, crlf(body+"--b:1--\nepilogue"), "Content-Type", kind+`; charset=x; Boundary="b:1"`)
}

func crlf(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") }

func partsOf(t *testing.T, resp *session.Response, cfg session.MultipartConfig) *session.MultipartReader {
	t.Helper()
	m, err := resp.MultipartReader(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestMultipartReader(t *testing.T) {
	t.Parallel()
	resp := mixed(t, "multipart/mixed",
		"\nplain",
		"Content-Type: application/json\n\n{\"n\":7}",
		"Content-Type: Application/X-WWW-Form-Urlencoded\n\na=1&b=%20&a=2",
		"Content-Type: text/plain; charset=latin1\n\ncaf\xe9",
		"Content-Disposition: attachment; name=f; filename=\"../a.bin\"\n\n\x00\x01",
		"X-Long: a\n b\n\n",
	)
	m := partsOf(t, resp, session.MultipartConfig{})
	if m.Kind() != "multipart/mixed" {
		t.Errorf("kind %q", m.Kind())
	}
	next := func() *session.BodyPart {
		t.Helper()
		p, err := m.Next()
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	p := next()
	if got, err := p.Text(); got != "plain" || err != nil || p.ContentType() != "text/plain" || p.Name() != "" || p.FileName() != "" {
		t.Errorf("first: %q, %v, %s", got, err, p.ContentType())
	}
	var v row
	if err := next().JSON(&v); err != nil || v.N != 7 {
		t.Errorf("JSON: %+v, %v", v, err)
	}
	p = next()
	if form, err := p.Form(); err != nil || form.Encode() != "a=1&a=2&b=+" || p.ContentType() != "application/x-www-form-urlencoded" {
		t.Errorf("form: %v, %v", form, err)
	}
	if got, err := next().Text(); got != "café" || err != nil {
		t.Errorf("latin1: %q, %v", got, err)
	}
	p = next()
	got, err := p.Bytes()
	if string(got) != "\x00\x01" || err != nil || p.Name() != "f" || p.FileName() != "../a.bin" ||
		p.ContentDisposition().SafeName() != "a.bin" || p.ContentType() != "application/octet-stream" {
		t.Errorf("file: %q, %v, %s", got, err, p.ContentType())
	}
	if p = next(); p.Header.Get("X-Long") != "a b" {
		t.Errorf("folded header: %q", p.Header)
	}
	for range 2 {
		if _, err := m.Next(); err != io.EOF {
			t.Errorf("the end is %v", err)
		}
	}
}

func TestMultipartEncodings(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("0123456789", 100)
	wrapped := ""
	for line := range slices.Chunk([]byte(base64.StdEncoding.EncodeToString([]byte(long))), 76) {
		wrapped += string(line) + "\n"
	}
	for _, tt := range []struct{ name, header, body, want string }{
		{"identity", "Content-Transfer-Encoding: Binary", "a=3D", "a=3D"},
		{"7bit", "Content-Transfer-Encoding: 7bit", "abc", "abc"},
		{"base64", "Content-Transfer-Encoding: BASE64", wrapped, long},
		{"base64 with noise", "Content-Transfer-Encoding: base64", "a G\tk*=!", "hi"},
		{"quoted-printable", "Content-Transfer-Encoding: quoted-printable", "a=3Db=\nc =\n d  \ne", "a=bc  d\ne"},
		{"gzip", "Content-Encoding: gzip", gzipped(long), long},
		{"gzip in base64", "Content-Encoding: GZIP\nContent-Transfer-Encoding: base64", base64.StdEncoding.EncodeToString([]byte(gzipped("hi"))), "hi"},
		{"unknown coding", "Content-Encoding: zip", "abc", "abc"},
	} {
		resp := answerOf(t, http.StatusOK, "--b\r\n"+crlf(tt.header)+"\r\n\r\n"+tt.body+"\r\n--b--", "Content-Type", "multipart/x; boundary=b")
		p, err := partsOf(t, resp, session.MultipartConfig{}).Next()
		if err != nil {
			t.Fatal(err)
		}
		if got, err := p.Bytes(); string(got) != tt.want || err != nil {
			t.Errorf("%s: got %q, %v, want %q", tt.name, got, err, tt.want)
		}
	}
	resp := mixed(t, "multipart/mixed", "Content-Transfer-Encoding: base64\n\naGk=")
	p, err := partsOf(t, resp, session.MultipartConfig{NoDecode: true}).Next()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := p.Bytes(); string(got) != "aGk=" || err != nil {
		t.Errorf("not decoded: %q, %v", got, err)
	}
}

func TestMultipartNested(t *testing.T) {
	t.Parallel()
	inner := "Content-Type: multipart/alternative; boundary=in\n\n--in\n\none\n--in\n\ntwo\n--in--"
	m := partsOf(t, mixed(t, "multipart/mixed", inner, "\nthree"), session.MultipartConfig{})
	var got []string
	for p, err := range m.Parts() {
		if err != nil {
			t.Fatal(err)
		}
		if p.ContentType() != "multipart/alternative" {
			if _, err := p.MultipartReader(); !errors.Is(err, errors.ErrClientPayload) {
				t.Errorf("a plain part as multipart: %v", err)
			}
			text, err := p.Text()
			got = append(got, text, fmt.Sprint(err))
			continue
		}
		in, err := p.MultipartReader()
		if err != nil {
			t.Fatal(err)
		}
		for q, err := range in.Parts() {
			text, textErr := q.Text()
			got = append(got, text, fmt.Sprint(err, textErr))
			break // the rest is passed over
		}
	}
	if want := "one <nil> <nil> three <nil>"; strings.Join(got, " ") != want {
		t.Errorf("got %v, want %s", got, want)
	}
}

// TestMultipartCharset: the part named _charset_ is for the others of a form.
func TestMultipartCharset(t *testing.T) {
	t.Parallel()
	parts := []string{
		"Content-Disposition: form-data; name=_charset_\n\nlatin1",
		"Content-Disposition: form-data; name=a\n\ncaf\xe9",
		"Content-Disposition: form-data; name=b\nContent-Type: text/plain; charset=utf-8\n\ncafé",
	}
	for kind, want := range map[string]string{
		"multipart/form-data": "a=café b=café", "multipart/mixed": "_charset_=latin1 a=caf\uFFFD b=café",
	} {
		var got []string
		for p, err := range partsOf(t, mixed(t, kind, parts...), session.MultipartConfig{}).Parts() {
			if err != nil {
				t.Fatal(err)
			}
			text, err := p.Text()
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, p.Name()+"="+text)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: got %v, want %s", kind, got, want)
		}
	}
}

func TestMultipartBreak(t *testing.T) {
	t.Parallel()
	resp, closed := bodyOf(t, strings.NewReader("--b\r\n\r\na\r\n--b\r\n\r\nb\r\n--b--"))
	resp.Header.Set("Content-Type", "multipart/mixed; boundary=b")
	if first(partsOf(t, resp, session.MultipartConfig{}).Parts()); !*closed {
		t.Error("the body is open after a break")
	}
}

func TestMultipartErrors(t *testing.T) {
	t.Parallel()
	fields := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "X-%d: x\n", i)
		}
		return b.String()
	}
	nested := func(n int) string {
		text := "\nend"
		for i := range n {
			text = fmt.Sprintf("Content-Type: multipart/x; boundary=n%d\n\n--n%d\n%s\n--n%d--", i, i, text, i)
		}
		return text
	}
	for _, tt := range []struct {
		name, part string
		cfg        session.MultipartConfig
		class      error // nil: it is fine
	}{
		{"parts", "\na\n--b:1\n\nb\n--b:1\n\nc", session.MultipartConfig{MaxParts: 2}, errors.ErrClientPayload},
		{"parts at the limit", "\na\n--b:1\n\nb", session.MultipartConfig{MaxParts: 2}, nil},
		{"fields", fields(129) + "\na", session.MultipartConfig{}, errors.ErrClientPayload},
		{"fields at the limit", fields(128) + "\na", session.MultipartConfig{}, nil},
		{"fields without limit", fields(129) + "\na", session.MultipartConfig{MaxHeaders: -1}, nil},
		{"field", "X: " + strings.Repeat("x", 8190) + "\n\na", session.MultipartConfig{}, errors.ErrClientPayload},
		{"field at the limit", "X: " + strings.Repeat("x", 8189) + "\n\na", session.MultipartConfig{}, nil},
		{"depth", nested(8), session.MultipartConfig{}, errors.ErrClientPayload},
		{"depth at the limit", nested(7), session.MultipartConfig{}, nil},
		{"depth of one", nested(1), session.MultipartConfig{MaxDepth: 1}, errors.ErrClientPayload},
		{"size", "\nabcd", session.MultipartConfig{MaxPartSize: 3}, errors.ErrBodyTooLarge},
		{"size at the limit", "\nabc", session.MultipartConfig{MaxPartSize: 3}, nil},
		{"transfer encoding", "Content-Transfer-Encoding: x-uuencode\n\na", session.MultipartConfig{}, errors.ErrClientPayload},
		{"broken base64", "Content-Transfer-Encoding: base64\n\na===", session.MultipartConfig{}, errors.ErrClientPayload},
		{"short base64", "Content-Transfer-Encoding: base64\n\naGk", session.MultipartConfig{}, errors.ErrClientPayload},
		{"broken quoted-printable", "Content-Transfer-Encoding: quoted-printable\n\na\x01", session.MultipartConfig{}, errors.ErrClientPayload},
		{"broken body within", "Content-Type: multipart/x; boundary=in\n\n--in\n\na", session.MultipartConfig{}, errors.ErrClientPayload},
		{"no boundary within", "Content-Type: multipart/x\n\na", session.MultipartConfig{}, errors.ErrClientPayload},
		{"broken gzip", "Content-Encoding: gzip\n\nabc", session.MultipartConfig{}, errors.ErrContentEncoding},
		{"broken field", "no colon\n\na", session.MultipartConfig{}, errors.ErrClientPayload},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			err := readAllParts(partsOf(t, mixed(t, "multipart/mixed", tt.part), tt.cfg))
			if !errors.Is(err, tt.class) || err != nil && !strings.Contains(err.Error(), "get http") {
				t.Errorf("got %v, want %v", err, tt.class)
			}
		})
	}
}

// readAllParts goes down into everything.
func readAllParts(m *session.MultipartReader) error {
	for p, err := range m.Parts() {
		if err != nil {
			return err
		}
		if strings.HasPrefix(p.ContentType(), "multipart/") {
			inner, err := p.MultipartReader()
			if err != nil {
				return err
			}
			if err := readAllParts(inner); err != nil {
				return err
			}
			continue
		}
		if _, err := p.Bytes(); err != nil {
			return err
		}
	}
	return nil
}

func TestMultipartBadResponses(t *testing.T) {
	t.Parallel()
	for contentType, class := range map[string]error{
		"text/plain": errors.ErrContentType, "": errors.ErrContentType, "multipart/mixed": errors.ErrClientPayload,
		"multipart/mixed; nonsense; boundary=b": errors.ErrClientPayload,
		"multipart/mixed; boundary=":            errors.ErrClientPayload, `multipart/mixed; boundary=""`: errors.ErrClientPayload,
		"multipart/mixed; boundary=" + strings.Repeat("b", 71): errors.ErrClientPayload,
	} {
		_, err := answerOf(t, http.StatusOK, "", "Content-Type", contentType).MultipartReader(session.MultipartConfig{})
		if !errors.Is(err, class) {
			t.Errorf("%q: %v", contentType, err)
		}
	}
	for _, boundary := range []string{strings.Repeat("b", 70), `"a b"`, "a/b=c?"} {
		body := "--" + strings.Trim(boundary, `"`) + "--\r\n"
		m, err := answerOf(t, http.StatusOK, body, "Content-Type", "multipart/mixed; x=y; boundary="+boundary).MultipartReader(session.MultipartConfig{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := m.Next(); err != io.EOF {
			t.Errorf("%s: %v", boundary, err)
		}
	}
	for _, body := range []string{"", "no boundary", "--b\r\n", "--b\r\nA: b\r\n", "--b\r\n\r\n", "--b\r\n\r\nabc", "--b\r\n\r\nabc\r\n--"} {
		resp := answerOf(t, http.StatusOK, body, "Content-Type", "multipart/mixed; boundary=b")
		err := readAllParts(partsOf(t, resp, session.MultipartConfig{}))
		if !errors.Is(err, errors.ErrClientPayload) || !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%q: %v", body, err)
		}
	}
}

// FuzzMultipartReader checks that the reader ends, and that what the standard
// library writes comes back.
func FuzzMultipartReader(f *testing.F) {
	f.Add("body")
	f.Add("preamble\r\n----b\r\n\r\nhi\r\n----b--\r\n")
	f.Add("--b\r\nContent-Encoding: gzip\r\n\r\n\x1f\x8b\r\n--b--")
	f.Add("--b\r\nContent-Disposition: form-data; name=_charset_\r\n\r\nlatin1\r\n--b\r\n\r\n\xff\r\n--b--")
	f.Add("--b\r\nContent-Type: multipart/x; boundary=c\r\n\r\n--c\r\n\r\na\r\n--c--\r\n--b--")
	f.Add("--b\r\nContent-Transfer-Encoding: base64\r\n\r\naGk=\r\n--b--")
	f.Fuzz(func(t *testing.T, body string) {
		for _, boundary := range []string{"b", "--b"} { // the second may be the whole delimiter
			resp := answerOf(t, http.StatusOK, body, "Content-Type", "multipart/form-data; boundary="+boundary)
			m := partsOf(t, resp, session.MultipartConfig{MaxPartSize: 1 << 16})
			if err := readAllParts(m); err != nil && !errors.Is(err, errors.ErrClientPayload) {
				t.Errorf("error %v is of no class", err)
			}
		}
		var b bytes.Buffer
		w := multipart.NewWriter(&b)
		if err := w.WriteField("field", body); err != nil {
			t.Fatal(err)
		}
		w.Close()
		resp := answerOf(t, http.StatusOK, b.String(), "Content-Type", w.FormDataContentType())
		p, err := partsOf(t, resp, session.MultipartConfig{}).Next()
		if err != nil {
			t.Fatal(err)
		}
		if got, err := p.Bytes(); err != nil || string(got) != body || p.Name() != "field" {
			t.Errorf("got %q, %v, want %q", got, err, body)
		}
	})
}

// TestMultipartContent: what is not what was asked for is an error.
func TestMultipartContent(t *testing.T) {
	t.Parallel()
	for _, part := range []string{"\n{", "Content-Encoding: gzip\n\nabc"} {
		for name, use := range map[string]func(p *session.BodyPart) error{
			"JSON": func(p *session.BodyPart) error { var v any; return p.JSON(&v) },
			"form": func(p *session.BodyPart) error { _, err := p.Form(); return err },
			"text": func(p *session.BodyPart) error { _, err := p.Text(); return err },
		} {
			p, err := partsOf(t, mixed(t, "multipart/mixed", strings.Replace(part, "{", "{%zz;", 1)), session.MultipartConfig{}).Next()
			if err != nil {
				t.Fatal(err)
			}
			if err := use(p); !errors.Is(err, errors.ErrClientPayload) && (name != "text" || part != "\n{") {
				t.Errorf("%s of %q: %v", name, part, err)
			}
		}
	}
	form := []string{"Content-Disposition: form-data; name=_charset_\n\n" + strings.Repeat("x", 33)}
	if _, err := partsOf(t, mixed(t, "multipart/form-data", form...), session.MultipartConfig{}).Next(); !errors.Is(err, errors.ErrBodyTooLarge) {
		t.Errorf("a long name of a charset: %v", err)
	}
}

// TestMultipartBomb: a part that grows is stopped at its limit.
func TestMultipartBomb(t *testing.T) {
	t.Parallel()
	body := "--b\r\nContent-Encoding: gzip\r\n\r\n" + gzipped(strings.Repeat("\x00", 1<<20)) + "\r\n--b--"
	resp := answerOf(t, http.StatusOK, body, "Content-Type", "multipart/mixed; boundary=b")
	p, err := partsOf(t, resp, session.MultipartConfig{MaxPartSize: 1000}).Next()
	if err != nil {
		t.Fatal(err)
	}
	n, err := io.Copy(io.Discard, p)
	var tooLarge *errors.BodyTooLargeError
	if n != 1000 || !errors.As(err, &tooLarge) || !tooLarge.Decompressed || tooLarge.Limit != 1000 {
		t.Errorf("%d bytes, %v", n, err)
	}
}
