package har_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"
	"unicode/utf16"

	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/middleware/har"
	"github.com/aiolos-http/aiolos/middleware/internal/mwtest"
)

// fileWith is an archive with one entry, whose request and further fields are given.
func fileWith(request, fields string) string {
	return `{"log":{"entries":[{"request":` + request + fields + `}]}}`
}

const getRequest = `{"method":"GET","url":"http://h/"}`

// encodeUTF16 is text as a shell of Windows writes it into a file.
func encodeUTF16(text string, littleEndian bool) string {
	var b []byte
	for _, unit := range utf16.Encode([]rune("\ufeff" + text)) {
		if littleEndian {
			b = append(b, byte(unit), byte(unit>>8))
		} else {
			b = append(b, byte(unit>>8), byte(unit))
		}
	}
	return string(b)
}

// What a program may write is read: all dates, byte order marks, and what is null,
// missing or unknown.
func TestReadLenient(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		name, file string
		start      time.Time
		duration   time.Duration
	}{
		{"date of the format", fileWith(getRequest, `,"startedDateTime":"2026-11-21T10:00:00.000Z","time":12.5`), at, 12500 * time.Microsecond},
		{"zone", fileWith(getRequest, `,"startedDateTime":"2026-11-21T12:00:00.250+02:00"`), at.Add(250 * time.Millisecond), 0},
		{"zone without a colon", fileWith(getRequest, `,"startedDateTime":"2026-11-21T12:00:00+0200"`), at, 0},
		{"no zone", fileWith(getRequest, `,"startedDateTime":"2026-11-21T10:00:00.5"`), at.Add(time.Second / 2), 0},
		{"a blank and no zone", fileWith(getRequest, `,"startedDateTime":"2026-11-21 10:00:00"`), at, 0},
		{"empty date", fileWith(getRequest, `,"startedDateTime":""`), time.Time{}, 0},
		{"null date", fileWith(getRequest, `,"startedDateTime":null,"time":null`), time.Time{}, 0},
		{"no date", fileWith(getRequest, ""), time.Time{}, 0},
		{"another date", fileWith(getRequest, `,"startedDateTime":"yesterday","time":-1`), time.Time{}, 0},
		{"a time beyond all bounds", fileWith(getRequest, `,"time":1e300`), time.Time{}, 0},
		{"byte order mark", "\ufeff" + fileWith(getRequest, `,"time":1`), time.Time{}, time.Millisecond},
		{"UTF-16, little endian", encodeUTF16(fileWith(getRequest, `,"time":1`), true), time.Time{}, time.Millisecond},
		{"UTF-16, big endian", encodeUTF16(fileWith(getRequest, `,"time":1`), false), time.Time{}, time.Millisecond},
		{"unknown fields, and nulls", fileWith(getRequest, `,"_x":[1],"pageref":1,"response":null,"timings":null,"cache":null,"serverIPAddress":null`), time.Time{}, 0},
		{"what follows", fileWith(getRequest, "") + "\n]", time.Time{}, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			entries, err := har.Read(strings.NewReader(tt.file))
			if err != nil || len(entries) != 1 {
				t.Fatalf("got %v, %v", entries, err)
			}
			e := &entries[0]
			if e.Request.Method != "GET" || e.Request.URL != "http://h/" {
				t.Errorf("got %s %s, want GET http://h/", e.Request.Method, e.Request.URL)
			}
			if got := e.StartTime(); !got.Equal(tt.start) {
				t.Errorf("start: got %v, want %v", got, tt.start)
			}
			if got := e.Duration(); got != tt.duration {
				t.Errorf("duration: got %v, want %v", got, tt.duration)
			}
		})
	}
}

// What is no archive is a FormatError, with a text without names of Go's types.
func TestReadErrors(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, file, want string }{
		{"nothing", "", "har: the file ends too early: unexpected EOF"},
		{"cut", `{"log":{"entr`, "har: the file ends too early: unexpected EOF"},
		{"no json", "module x", "har: the file is not json: invalid character 'm' looking for beginning of value"},
		{"a list", "[]", `har: the file has the wrong type: array`},
		{"an empty object", "{}", `har: the file has no "log"`},
		{"null", `{"log":null}`, `har: the file has no "log"`},
		{"no URL", fileWith(`{"method":"GET"}`, ""), "har: entry 1 has no method or no URL"},
		{"no method", fileWith(`{"url":"http://h"}`, ""), "har: entry 1 has no method or no URL"},
		{"a number as URL", fileWith(`{"method":"GET","url":1}`, ""), `har: "log.entries.request.url" has the wrong type: number`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := har.Read(strings.NewReader(tt.file))
			_, ok := errors.AsType[*har.FormatError](err)
			got := strings.ReplaceAll(fmt.Sprint(err), "entries.0.", "entries.") // newer releases of encoding/json count
			if !ok || got != tt.want {
				t.Errorf("got %T %v, want %v", err, err, tt.want)
			}
		})
	}
	if _, err := har.Read(iotest.ErrReader(io.ErrClosedPipe)); err != io.ErrClosedPipe {
		t.Errorf("got %v, want %v", err, io.ErrClosedPipe)
	}
}

func TestContentData(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		content har.Content
		want    string
		err     bool
	}{
		{har.Content{Text: "aGk="}, "aGk=", false},
		{har.Content{Text: "aGk=", Encoding: "base64"}, "hi", false},
		{har.Content{Text: "a", Encoding: "base64"}, "", true},
	} {
		got, err := tt.content.Data()
		if _, is := errors.AsType[*har.FormatError](err); string(got) != tt.want || is != tt.err {
			t.Errorf("%+v: got %q, %v, want %q", tt.content, got, err, tt.want)
		}
	}
}

// What a Recorder has written is read, with all of it.
func TestReadOwn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		recorder := har.New(har.Config{MaxBody: 100})
		client := &http.Client{Transport: recorder.Wrap(middleware.Func(func(req *http.Request) (*http.Response, error) {
			body, err := io.ReadAll(req.Body)
			return &http.Response{StatusCode: 200, Proto: "HTTP/1.1", Request: req, Body: io.NopCloser(bytes.NewReader(body))}, err
		}))}
		resp, err := client.Post("http://h/x?a=b", "text/plain", strings.NewReader("body"))
		if err != nil {
			t.Fatal(err)
		}
		mwtest.Drain(t, resp)
		entries, err := har.Read(bytes.NewReader(archiveText(t, recorder)))
		if err != nil || len(entries) != 1 {
			t.Fatalf("got %v, %v", entries, err)
		}
		e := entries[0]
		if e.Request.Method != "POST" || e.Request.URL != "http://h/x?a=***" || e.Request.Post == nil || e.Request.Post.Text != "body" {
			t.Errorf("got %+v", e.Request)
		}
		if body, err := e.Response.Content.Data(); err != nil || e.Response.Status != 200 || string(body) != "body" {
			t.Errorf("got %+v, %v", e.Response, err)
		}
		if got := e.StartTime(); !got.Equal(time.Now()) {
			t.Errorf("start: got %v, want %v", got, time.Now())
		}
		again, err := json.Marshal(map[string]any{"log": map[string]any{
			"version": "1.2", "creator": map[string]string{"name": "x", "version": "1"}, "entries": entries,
		}})
		if err != nil {
			t.Fatal(err)
		}
		checkArchive(t, again)
	})
}

// FuzzRead checks that whatever is read has what Read promises, and is the same when
// it is written and read again.
func FuzzRead(f *testing.F) {
	for _, fields := range []string{"", `,"startedDateTime":"2026-11-21 10:00:00","time":1e300`, `,"response":{"content":{"text":"a","encoding":"base64"}}`, `,"timings":{"dns":-1}`} {
		f.Add([]byte(fileWith(getRequest, fields)))
		f.Add([]byte(encodeUTF16(fileWith(getRequest, fields), true)))
	}
	f.Add([]byte(`{"log":{"entries":[null]}}`))
	f.Fuzz(func(t *testing.T, file []byte) {
		entries, err := har.Read(bytes.NewReader(file))
		if err != nil {
			return
		}
		for _, e := range entries {
			e.StartTime()
			if d := e.Duration(); e.Request.Method == "" || e.Request.URL == "" || d < 0 || d > 1e12*time.Millisecond || math.IsNaN(e.Time) {
				t.Errorf("got %+v", e)
			}
			_, _ = e.Response.Content.Data()
		}
		text, err := json.Marshal(map[string]any{"log": map[string]any{"entries": entries}})
		if err != nil {
			t.Fatal(err)
		}
		again, err := har.Read(bytes.NewReader(text))
		if err != nil || len(again) != len(entries) || len(entries) > 0 && !reflect.DeepEqual(again, entries) {
			t.Errorf("got %+v, %v, want %+v", again, err, entries)
		}
	})
}

func ExampleRead() {
	entries, err := har.Read(strings.NewReader(`{"log": {"entries": [{
		"startedDateTime": "2026-11-21T10:00:00.000Z", "time": 12.5,
		"request": {"method": "GET", "url": "https://example.com/"},
		"response": {"status": 200, "content": {"size": 2, "text": "aGk=", "encoding": "base64"}}
	}]}}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, e := range entries {
		body, err := e.Response.Content.Data()
		fmt.Printf("%s %s: %d in %v, %q, %v\n", e.Request.Method, e.Request.URL, e.Response.Status, e.Duration(), body, err)
	}
	// Output: GET https://example.com/: 200 in 12.5ms, "hi", <nil>
}
