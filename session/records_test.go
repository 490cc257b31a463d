package session_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/session"
)

type row struct{ N int }

func TestRecords(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, body, want string }{
		{"lines", `{"n":1}` + "\n" + `{"n":2}` + "\n", "1 2"},
		{"no end of the last", `{"n":1}` + "\r\n" + `{"n":2}`, "1 2"},
		{"blank lines", "\n\n{\"n\":1}\n  \r\n\n{\"n\":2}\n\n", "1 2"},
		{"mark", "\uFEFF{\"n\":1}\n", "1"},
		{"sequence of RFC 7464", "\x1e{\"n\":1}\n\x1e{\"n\":2}\n", "1 2"},
		{"nothing", "", ""},
		{"fresh values", `{"n":1}` + "\n{}\n", "1 0"},
	} {
		for pieces, r := range readers(tt.body) {
			resp, closed := bodyOf(t, r)
			var got []string
			for v, err := range session.Records[row](resp, nil) {
				if err != nil {
					t.Errorf("%s, %s: %v", tt.name, pieces, err)
				}
				got = append(got, fmt.Sprint(v.N))
			}
			if strings.Join(got, " ") != tt.want || !*closed {
				t.Errorf("%s, %s: got %v, closed: %v, want %s", tt.name, pieces, got, *closed, tt.want)
			}
		}
	}
}

func TestRecordsErrors(t *testing.T) {
	t.Parallel()
	syntax := &json.SyntaxError{}
	for _, tt := range []struct {
		name  string
		resp  *session.Response
		err   error
		rows  int
		class error
	}{
		{"the call", nil, io.ErrNoProgress, 0, io.ErrNoProgress},
		{"status", answerOf(t, http.StatusInternalServerError, "{}\n"), nil, 0, errors.ErrClientResponse},
		{"syntax", answerOf(t, http.StatusOK, "{}\n{\n{}\n"), nil, 1, errors.ErrClientPayload},
		{"type", answerOf(t, http.StatusOK, `{}`+"\n"+`{"n":"x"}`), nil, 1, errors.ErrClientPayload},
		{"two values", answerOf(t, http.StatusOK, `{} {}`), nil, 0, errors.ErrClientPayload},
		{"too long", answerOf(t, http.StatusOK, "{}\n"+strings.Repeat(" ", 16<<20+1)), nil, 1, errors.ErrBodyTooLarge},
	} {
		rows, failures := 0, 0
		for _, err := range session.Records[row](tt.resp, tt.err) {
			if err == nil {
				rows++
				continue
			}
			failures++
			wantIs(t, err, tt.class)
			if tt.name == "syntax" && !errors.As(err, &syntax) {
				t.Errorf("the cause is lost: %v", err)
			}
		}
		if rows != tt.rows || failures != 1 {
			t.Errorf("%s: %d rows and %d errors, want %d and 1", tt.name, rows, failures, tt.rows)
		}
	}
	resp, closed := bodyOf(t, strings.NewReader("{}\n{}\n"))
	if first(session.Records[row](resp, nil)); !*closed {
		t.Error("the body is open after a break")
	}
}

func TestTotalRawBytes(t *testing.T) {
	t.Parallel()
	plain := strings.Repeat("all the same ", 10_000)
	packed := gzipped(plain)
	rec := record(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/gzip" {
			w.Header().Set("Content-Encoding", "gzip")
			io.WriteString(w, packed)
			return
		}
		io.WriteString(w, plain)
	})
	s := newSession(t, session.Config{})
	for path, want := range map[string]int{"/gzip": len(packed), "/plain": len(plain)} {
		resp, err := s.Get(t.Context(), rec.URL+path)
		if err != nil {
			t.Fatal(err)
		}
		c := resp.Content()
		if c.TotalRawBytes() != 0 {
			t.Errorf("%s: %d raw bytes before reading", path, c.TotalRawBytes())
		}
		if _, err := c.ReadUntil([]byte("same"), 0); err != nil {
			t.Fatal(err)
		}
		if raw, all := c.TotalRawBytes(), c.TotalBytes()+int64(c.Buffered()); raw <= 0 || path == "/plain" && raw != all {
			t.Errorf("%s: %d raw bytes, %d decoded", path, raw, all)
		}
		n, err := io.Copy(io.Discard, c)
		if err != nil || c.TotalBytes() != int64(len(plain)) || n != int64(len(plain)-len("all the same")) {
			t.Errorf("%s: %d of %d bytes copied, %v", path, n, c.TotalBytes(), err)
		}
		if got := c.TotalRawBytes(); got != int64(want) || !c.AtEOF() || c.Buffered() != 0 {
			t.Errorf("%s: %d raw bytes, want %d; at the end: %v", path, got, want, c.AtEOF())
		}
	}
}
