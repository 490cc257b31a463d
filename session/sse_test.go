package session_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/session"
)

// eventText shows an event shortly.
func eventText(e session.Event) string {
	text := fmt.Sprintf("%s %q", e.Type, e.Data)
	if e.ID != "" {
		text += fmt.Sprintf(" id=%q", e.ID)
	}
	if e.Retry != 0 {
		text += " retry=" + e.Retry.String()
	}
	return text
}

func events(resp *session.Response) (string, error) {
	var out []string
	for e, err := range resp.Events() {
		if err != nil {
			return strings.Join(out, ", "), err
		}
		out = append(out, eventText(e))
	}
	return strings.Join(out, ", "), nil
}

// eventCases are written with \n; each is tried with CR LF and CR as well.
var eventCases = []struct{ name, stream, want string }{
	{"one", "data: a\n\n", `message "a"`},
	{"without a blank", "data:a\n\n", `message "a"`},
	{"one blank goes", "data:  a\n\n", `message " a"`},
	{"several lines", "data: a\ndata: b\ndata:\n\n", `message "a\nb\n"`},
	{"example of the standard", "data: YHOO\ndata: +2\ndata: 10\n\n", `message "YHOO\n+2\n10"`},
	{"comments and IDs", ": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n", `message "first event" id="1", message "second event", message " third event"`},
	{"empty data", "data\n\ndata\ndata\n\ndata:", `message "", message "\n"`},
	{"type", "event: add\ndata: 1\n\ndata: 2\n\n", `add "1", message "2"`},
	{"last type counts", "event: a\nevent: b\ndata: 1\n\n", `b "1"`},
	{"empty type", "event: a\nevent:\ndata: 1\n\n", `message "1"`},
	{"type without data", "event: a\n\ndata: 1\n\n", `message "1"`},
	{"ID stays", "id: 7\ndata: 1\n\ndata: 2\n\n", `message "1" id="7", message "2" id="7"`},
	{"ID without data", "id: 7\n\ndata: 2\n\n", `message "2" id="7"`},
	{"ID with NUL", "id: 7\nid: a\x00b\ndata: 1\n\n", `message "1" id="7"`},
	{"ID that no header can carry", "id: 7\nid: a\x7fb\nid: \x01\nid: a\x1b\ndata: 1\n\n", `message "1" id="7"`},
	{"ID beyond ASCII", "id: \u00e9\t1\ndata: 1\n\n", `message "1" id="` + "\u00e9" + `\t1"`},
	{"ID of more words", "id: a b \ndata: 1\n\n", `message "1" id="a b "`},
	{"retry", "retry: 1500\ndata: 1\n\n", `message "1" retry=1.5s`},
	{"retry alone", "retry: 10\n\ndata: 1\n\n", `message "1" retry=10ms`},
	{"retry that is no number", "retry: 1s\nretry: -1\nretry:\nretry: 99999999999999999999\nretry: 9223372036854775807\ndata: 1\n\n", `message "1"`},
	{"case matters", "Data: 1\nDATA: 2\n data: 3\ndata: 4\n\n", `message "4"`},
	{"unknown fields", "foo: 1\nbar\ndata: 4\n\n", `message "4"`},
	{"colons in the value", "data: a: b\n\n", `message "a: b"`},
	{"incomplete at the end", "data: a\n\ndata: b\n", `message "a"`},
	{"incomplete line at the end", "data: a\n\ndata: b", `message "a"`},
	{"nothing", "", ""},
	{"blank lines", "\n\n\n\n", ""},
	{"byte order mark", "\uFEFFdata: a\n\n", `message "a"`},
	{"only one mark", "\uFEFF\uFEFFdata: a\n\ndata: b\n\n", `message "b"`},
	{"half a mark", "\xef\xbbdata: a\n\ndata: b\n\n", `message "b"`},
	{"nothing but half a mark", "\xef\xbb", ""},
	{"nothing but a mark", "\uFEFF", ""},
	{"not UTF-8", "data: a\xffb\n\n", `message "a` + "\uFFFD" + `b"`},
}

func TestEvents(t *testing.T) {
	t.Parallel()
	for _, tt := range eventCases {
		for ending, stream := range map[string]string{
			"LF": tt.stream, "CRLF": strings.ReplaceAll(tt.stream, "\n", "\r\n"), "CR": strings.ReplaceAll(tt.stream, "\n", "\r"),
		} {
			for pieces, r := range readers(stream) {
				resp, closed := bodyOf(t, r)
				resp.Header.Set("Content-Type", "text/event-stream; charset=utf-8")
				got, err := events(resp)
				if got != tt.want || err != nil || !*closed {
					t.Errorf("%s, %s, %s: got %s, %v, closed: %v, want %s", tt.name, ending, pieces, got, err, *closed, tt.want)
				}
			}
		}
	}
}

// TestEventsAtOnce: an event is delivered before anything of the next one comes,
// even if a CR ends it, which an LF might follow.
func TestEventsAtOnce(t *testing.T) {
	t.Parallel()
	for _, ending := range []string{"\n", "\r", "\r\n"} {
		r, w := io.Pipe()
		resp, _ := bodyOf(t, r)
		resp.Header.Set("Content-Type", "text/event-stream")
		go io.WriteString(w, "data: a"+ending+ending)
		n := 0
		for e, err := range resp.Events() {
			if n++; err != nil && err != io.EOF || n == 1 && e.Data != "a" || n == 2 && e.Data != "b" {
				t.Errorf("%q: got %+v, %v", ending, e, err)
			}
			if n == 2 {
				break
			}
			go io.WriteString(w, "data: b"+ending+ending)
		}
		r.Close()
	}
}

func TestEventsErrors(t *testing.T) {
	t.Parallel()
	stream := "text/event-stream"
	long := strings.Repeat("x", 8<<20)
	for _, tt := range []struct {
		name, contentType, body string
		status                  int
		want                    string
		class                   error
	}{
		{"type", "text/html", "data: a\n\n", http.StatusOK, "", errors.ErrContentType},
		{"no type", "", "data: a\n\n", http.StatusOK, "", errors.ErrContentType},
		{"status", stream, "data: a\n\n", http.StatusNotFound, "", errors.ErrClientResponse},
		{"line", stream, "data: a\n\ndata: " + long + "x\n\n", http.StatusOK, `message "a"`, errors.ErrBodyTooLarge},
		{"line without an end", stream, "data: a\n\n" + long + long, http.StatusOK, `message "a"`, errors.ErrBodyTooLarge},
		{"event", stream, "data: a\n\n" + strings.Repeat("data: "+long[:1<<19]+"\n", 17), http.StatusOK, `message "a"`, errors.ErrBodyTooLarge},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			resp := answerOf(t, tt.status, tt.body, "Content-Type", tt.contentType)
			got, err := events(resp)
			wantIs(t, err, tt.class)
			if got != tt.want {
				t.Errorf("events %.100s, want %s", got, tt.want)
			}
		})
	}
	resp, closed := bodyOf(t, io.MultiReader(strings.NewReader("data: a\n\ndata"), iotest.ErrReader(io.ErrNoProgress)))
	resp.Header.Set("Content-Type", stream)
	got, err := events(resp)
	wantIs(t, err, io.ErrNoProgress)
	if got != `message "a"` || !*closed {
		t.Errorf("got %s, closed: %v", got, *closed)
	}
}

func TestEventsBreak(t *testing.T) {
	t.Parallel()
	resp, closed := bodyOf(t, strings.NewReader("data: a\n\ndata: b\n\n"))
	resp.Header.Set("Content-Type", "text/event-stream")
	first(resp.Events())
	if !*closed {
		t.Error("the body is open after a break")
	}
}

// FuzzEvents compares with a parser that is as simple as the standard's text, and
// holds the whole stream.
func FuzzEvents(f *testing.F) {
	for _, tt := range eventCases {
		f.Add(tt.stream)
		f.Add(strings.ReplaceAll(tt.stream, "\n", "\r"))
	}
	f.Add("data: a\r\n\r\r\ndata: b\n\r\n\r")
	f.Fuzz(func(t *testing.T, stream string) {
		if len(stream) > 1<<16 {
			return
		}
		want := simpleEvents(stream)
		for pieces, r := range map[string]io.Reader{"at once": strings.NewReader(stream), "by bytes": iotest.OneByteReader(strings.NewReader(stream))} {
			resp, _ := bodyOf(t, r)
			resp.Header.Set("Content-Type", "text/event-stream")
			if got, err := events(resp); err != nil || got != want {
				t.Errorf("%q %s:\ngot  %s, %v\nwant %s", stream, pieces, got, err, want)
			}
		}
	})
}

func simpleEvents(stream string) string {
	stream = strings.TrimPrefix(stream, "\uFEFF")
	stream = strings.ReplaceAll(strings.ReplaceAll(stream, "\r\n", "\n"), "\r", "\n")
	lines := strings.Split(stream, "\n")
	var out []string
	var e session.Event
	data := ""
	for _, line := range lines[:len(lines)-1] {
		name, value, _ := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		valid := strings.ToValidUTF8(value, "\uFFFD")
		switch {
		case line == "":
			if data != "" {
				e.Data = strings.TrimSuffix(data, "\n")
				if e.Type == "" {
					e.Type = "message"
				}
				out = append(out, eventText(e))
			}
			e.Type, data = "", ""
		case name == "event":
			e.Type = valid
		case name == "data":
			data += valid + "\n"
		case name == "id" && !strings.ContainsFunc(value, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }):
			e.ID = valid
		case name == "retry" && value != "" && strings.Trim(value, "0123456789") == "":
			if d, err := time.ParseDuration(value + "ms"); err == nil {
				e.Retry = d
			}
		}
	}
	return strings.Join(out, ", ")
}
