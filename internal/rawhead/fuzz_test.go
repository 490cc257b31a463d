package rawhead_test

import (
	"bufio"
	"bytes"
	"fmt"
	"net/http"
	"net/textproto"
	"slices"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/internal/rawhead"
)

// FuzzScanner holds the scanner to what it promises for any bytes: the same outcome
// for any splitting, nothing let pass (if strict) that net/http refuses or reads
// otherwise, and no more memory than what it was fed with.
func FuzzScanner(f *testing.F) {
	for _, v := range vectors() {
		f.Add([]byte(v.good+v.bad), uint64(0x0123456789abcdef), uint16(40), false)
		f.Add([]byte(v.good+v.bad), uint64(7), uint16(0), true)
	}
	f.Add([]byte(usualHead), uint64(3), uint16(20), false)
	f.Fuzz(func(t *testing.T, data []byte, cuts uint64, limit uint16, lenient bool) {
		small := rawhead.Limits{MaxLine: int(limit), MaxField: int(limit), MaxHeaders: int(limit / 8), Lenient: lenient}
		for _, l := range []rawhead.Limits{{Lenient: lenient, Keep: true}, small} {
			s, err := scan(l, string(data))
			want := outcome(s, err)
			for name, pieces := range map[string][]string{
				"by bytes": cut(data, 0), "in pieces": cut(data, cuts),
			} {
				split, splitErr := scan(l, pieces...)
				if got := outcome(split, splitErr); got != want {
					t.Fatalf("%s: got %s\nwant %s\n%q", name, got, want, data)
				}
			}
			checkMemory(t, s, data)
			if s.Done() && !lenient && l.Keep {
				checkParser(t, s, data)
			}
		}
	})
}

// cut cuts data into pieces of 1 to 16 bytes; four bits of the pattern each tell how
// many.
func cut(data []byte, pattern uint64) []string {
	var pieces []string
	for len(data) > 0 {
		n := min(int(pattern&15)+1, len(data))
		pieces, data = append(pieces, string(data[:n])), data[n:]
		pattern = pattern>>4 | pattern<<60
	}
	return pieces
}

func checkMemory(t *testing.T, s *rawhead.Scanner, data []byte) {
	t.Helper()
	size := 0
	for _, f := range s.Fields() {
		size += len(f.Name) + len(f.Value)
	}
	if size > len(data) || len(s.Fields()) > len(data)/2 {
		t.Fatalf("%d bytes in %d fields of %d bytes", size, len(s.Fields()), len(data))
	}
}

// checkParser reads the same bytes with net/http and compares.
func checkParser(t *testing.T, s *rawhead.Scanner, data []byte) {
	t.Helper()
	br := bufio.NewReader(bytes.NewReader(data))
	interim := 0
	for {
		resp, err := http.ReadResponse(br, nil)
		if err != nil {
			if strings.Contains(err.Error(), "bad trailer key") {
				return // documented: net/http's own rule
			}
			t.Fatalf("net/http refuses what the scanner let pass: %v\n%q", err, data)
		}
		if resp.StatusCode/100 == 1 && resp.StatusCode != http.StatusSwitchingProtocols {
			interim++
			continue
		}
		if interim != s.Interim() {
			t.Fatalf("got %d interim heads, net/http %d\n%q", s.Interim(), interim, data)
		}
		compare(t, s.Fields(), resp, data)
		return
	}
}

// compare compares the fields with what net/http has made of them. It takes the
// fields that frame the body out of the header, and adds one for Pragma.
func compare(t *testing.T, fields []rawhead.Field, resp *http.Response, data []byte) {
	t.Helper()
	want, got := http.Header{}, resp.Header.Clone()
	for _, f := range fields {
		name := textproto.CanonicalMIMEHeaderKey(string(f.Name))
		want[name] = append(want[name], value(string(f.Value)))
	}
	if want.Get("Pragma") == "no-cache" && want["Cache-Control"] == nil {
		got.Del("Cache-Control")
	}
	chunked := slices.Contains(resp.TransferEncoding, "chunked")
	if length := want["Content-Length"]; length != nil {
		want["Content-Length"] = slices.Compact(want["Content-Length"]) // of equal ones net/http keeps one
	}
	if length := want["Content-Length"]; len(length) > 1 || len(length) == 1 && chunked {
		t.Fatalf("content-length %q passed, chunked %v\n%q", length, chunked, data)
	}
	want.Del("Transfer-Encoding")
	if chunked {
		want.Del("Trailer")
	}
	for name, values := range got {
		for i, v := range values {
			values[i] = value(v)
		}
		got[name] = values
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Fatalf("net/http has %q, the scanner %q\n%q", got, want, data)
	}
}

// value makes folded values equal: net/http puts one space where the scanner keeps
// the blanks that were sent.
func value(v string) string {
	return strings.Join(strings.FieldsFunc(v, func(r rune) bool { return r == ' ' || r == '\t' }), " ")
}
