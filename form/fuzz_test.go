package form_test

import (
	"io"
	"maps"
	"mime"
	"mime/multipart"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/form"
)

// FuzzRoundTrip sends names, file names and values, and parses them with
// mime/multipart. Whatever they are, each part has its headers and no other, and
// the value arrives as it is; a name comes back as it was escaped.
func FuzzRoundTrip(f *testing.F) {
	for _, seed := range []string{
		"a", "", `a"b`, "a\r\nX-Evil: 1", "\r\n\r\n--b--", "é", "😀", `a\`, `\"`, "a\x00", "\xff", "a; filename=x", "%22", "\t", "--b\r\n",
	} {
		for q := range uint8(3) {
			f.Add(seed, seed, seed, q)
		}
	}
	f.Fuzz(func(t *testing.T, name, fileName, value string, q uint8) {
		quoting := form.Quoting(q % 3)
		fm := form.New().Quoting(quoting).
			Field(name, value, form.FileName(fileName)).
			Field("guard", "1").
			Reader(name, strings.NewReader(value), form.FileName(fileName), form.Header("X-A", "1"))
		body, err := fm.Open()
		if err != nil {
			if !errors.Is(err, errors.ErrInvalidRequest) || strings.ContainsAny(err.Error(), "\r\n\x00") {
				t.Fatalf("a fault that is not typed, or not one line: %q", err)
			}
			return
		}
		body.Close()
		if strings.ContainsFunc(name+fileName, isRawControl) {
			return // the standard library does not read it
		}
		parts := parse(t, fm)
		if len(parts) != 3 {
			t.Fatalf("%d parts, want 3", len(parts))
		}
		for i, headers := range [][]string{{"Content-Disposition"}, {"Content-Disposition"}, {"Content-Disposition", "Content-Type", "X-A"}} {
			if got := slices.Sorted(maps.Keys(parts[i].header)); !slices.Equal(got, headers) {
				t.Fatalf("part %d has the headers %q, want %q", i, got, headers)
			}
		}
		if parts[0].value != value || parts[1].value != "1" || parts[2].value != value {
			t.Fatalf("values %q, %q, %q; want %q", parts[0].value, parts[1].value, parts[2].value, value)
		}
		checkName(t, quoting, parts[0].header["Content-Disposition"][0], name, fileName)
	})
}

// isRawControl reports whether QuoteWHATWG sends a control character as it is, which
// package net/textproto refuses in a header.
func isRawControl(r rune) bool { return r < ' ' && r != '\t' && r != '\r' && r != '\n' || r == 0x7f }

type parsed struct {
	header map[string][]string
	value  string
}

func parse(t *testing.T, s source) (parts []parsed) {
	t.Helper()
	_, params, err := mime.ParseMediaType(contentType(t, s))
	if err != nil {
		t.Fatal(err)
	}
	r := multipart.NewReader(strings.NewReader(send(t, s)), params["boundary"])
	for {
		p, err := r.NextRawPart()
		if err == io.EOF {
			return parts
		}
		if err != nil {
			t.Fatal(err)
		}
		value, err := io.ReadAll(p)
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, parsed{p.Header, string(value)})
	}
}

// checkName undoes the escapes. Browsers do not escape a backslash, which the
// standard library takes for an escape itself: such names are left out.
func checkName(t *testing.T, q form.Quoting, disposition, name, fileName string) {
	t.Helper()
	if q == form.QuoteWHATWG && strings.Contains(name+fileName, `\`) {
		return
	}
	_, params, err := mime.ParseMediaType(disposition)
	if err != nil {
		t.Fatalf("%q: %v", disposition, err)
	}
	gotName, gotFile := params["name"], params["filename"]
	switch q {
	case form.QuotePercent:
		gotName, gotFile = unescape(t, gotName), unescape(t, gotFile)
	case form.QuoteWHATWG:
		gotName = strings.NewReplacer("%22", `"`, "%0D%0A", "\r\n").Replace(gotName)
		gotFile = strings.NewReplacer("%22", `"`, "%0D", "\r", "%0A", "\n").Replace(gotFile)
		if strings.Contains(name+fileName, "%") {
			return // it cannot be told from an escape
		}
		name = strings.NewReplacer("\r\n", "\r\n", "\r", "\r\n", "\n", "\r\n").Replace(name)
	case form.QuoteBackslash: // undone by the parser
	}
	if gotName != name || gotFile != fileName {
		t.Fatalf("%q: got %q, %q; want %q, %q", disposition, gotName, gotFile, name, fileName)
	}
}

func unescape(t *testing.T, s string) string {
	t.Helper()
	s, err := url.PathUnescape(s)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// FuzzHeaders looks for a header, a content type or a boundary that becomes
// something else on the way.
func FuzzHeaders(f *testing.F) {
	f.Add("X-A", "1", "text/plain", "b")
	f.Add("X-A", "1\r\nX-Evil: 1", "text/plain; a=b", "a b:c")
	f.Add("X-A:", "", "text/plain\r\nX-Evil: 1", "b\r\n")
	f.Add("", "\x00", "a/b; charset=\"utf-8\"", strings.Repeat("b", 71))
	f.Fuzz(func(t *testing.T, name, value, mediaType, boundary string) {
		m := form.NewMultipart("").Boundary(boundary).
			Bytes([]byte("1"), form.Header(name, value), form.ContentType(mediaType))
		body, err := m.Open()
		if err != nil {
			if !errors.Is(err, errors.ErrInvalidRequest) {
				t.Fatalf("a fault that is not typed: %v", err)
			}
			return
		}
		body.Close()
		parts := parse(t, m)
		if len(parts) != 1 || parts[0].value != "1" {
			t.Fatalf("got %q", parts)
		}
		total := 0
		for _, values := range parts[0].header {
			total += len(values)
		}
		if total != 2 {
			t.Fatalf("headers: %q", parts[0].header)
		}
	})
}

// FuzzURLEncoded compares with what the standard library parses.
func FuzzURLEncoded(f *testing.F) {
	f.Add("a", "1")
	f.Add("a&b=c;d", "%zz+ \r\n\x00\xff")
	f.Fuzz(func(t *testing.T, name, value string) {
		fm := form.New().Field(name, value).Field("guard", "1")
		if _, err := fm.Length(); err != nil {
			if !errors.Is(err, errors.ErrInvalidRequest) {
				t.Fatalf("a fault that is not typed: %v", err)
			}
			return
		}
		got, err := url.ParseQuery(send(t, fm))
		want := url.Values{}
		want.Add(name, value)
		want.Add("guard", "1")
		if err != nil || got.Encode() != want.Encode() {
			t.Fatalf("got %q, %v; want %q", got, err, want)
		}
	})
}
