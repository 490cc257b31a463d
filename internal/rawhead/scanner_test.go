package rawhead_test

import (
	stderrors "errors"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/internal/rawhead"
)

// TestVectors feeds each head in every way, and checks that the error comes with the
// byte that breaks the rule.
func TestVectors(t *testing.T) {
	t.Parallel()
	for _, v := range vectors() {
		t.Run(v.name, func(t *testing.T) {
			t.Parallel()
			for _, l := range []rawhead.Limits{{}, {Keep: true}, usual} {
				_, err := scanAll(t, l, v.good+v.bad)
				if got := reason(t, err); got != v.reason {
					t.Errorf("got error %q, want %q", got, v.reason)
				}
				_, n, _ := scanBytes(l, v.good+v.bad)
				if n != len(v.good) {
					t.Errorf("got the error at byte %d, want %d", n, len(v.good))
				}
			}
		})
	}
}

// TestLenient: what is malformed passes, to be judged by net/http.
func TestLenient(t *testing.T) {
	t.Parallel()
	for _, v := range vectors() {
		t.Run(v.name, func(t *testing.T) {
			t.Parallel()
			l := rawhead.Limits{Lenient: true, Keep: true}
			_, err := scanAll(t, l, v.good+v.bad)
			want := ""
			if v.reason == fold0 {
				want = fold0 // net/http never takes it
			}
			if got := reason(t, err); got != want {
				t.Errorf("got error %q, want %q", got, want)
			}
		})
	}
}

func TestLenientFields(t *testing.T) {
	t.Parallel()
	l := rawhead.Limits{Lenient: true, Keep: true}
	head := "HTTP/1.1 103 \x01\r\n\r\nHTTP/1.1 200 \x00\r\nA : b\r\nabc\r\n: d\r\n" +
		"Content-Length: 5\r\nContent-Length: 6\r\nTransfer-Encoding: x\r\nE: f\rg\r\r\n\r\n"
	s, err := scanAll(t, l, head)
	want := "error <nil>, done true, interim 1\n" +
		`"A ": "b"` + "\n" + `"abc": ""` + "\n" + `"": "d"` + "\n" +
		`"Content-Length": "5"` + "\n" + `"Content-Length": "6"` + "\n" +
		`"Transfer-Encoding": "x"` + "\n" + `"E": "f\rg\r"`
	if got := outcome(s, err); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

// TestLenientStatus: a status that net/http cannot read is never an interim one.
func TestLenientStatus(t *testing.T) {
	t.Parallel()
	for line, interim := range map[string]int{
		"HTTP/1.1 100 x": 1, "HTTP/1.1   100": 1, "HTTP/1.1 101 x": 0, "HTTP/1.1 10": 0,
		"HTTP/1.1 1000 x": 0, "HTTP/1.1 10x": 0, "HTTP/11 100 x": 0, "100": 0, "": 0,
	} {
		s, err := scanAll(t, rawhead.Limits{Lenient: true}, line+"\r\n\r\n")
		if err != nil || s.Interim() != interim || s.Done() == (interim == 1) {
			t.Errorf("%q: got %s, want %d interim", line, outcome(s, err), interim)
		}
	}
}

func TestInterim(t *testing.T) {
	t.Parallel()
	want := map[string]struct {
		interim int
		done    bool
	}{
		"hints": {1, true}, "many": {4, true}, "only interim": {1, false},
		"spaces before the status": {1, true}, "switch": {0, true},
		"switch after hints": {1, true}, "framing counts per head": {1, true},
	}
	seen := 0
	for _, v := range interimVectors() {
		w, listed := want[v.name]
		if !listed {
			continue
		}
		seen++
		s, err := scanAll(t, rawhead.Limits{}, v.good)
		if err != nil || s.Interim() != w.interim || s.Done() != w.done {
			t.Errorf("%s: got %s, want %v", v.name, outcome(s, err), w)
		}
	}
	if seen != len(want) {
		t.Errorf("got %d vectors, want %d", seen, len(want))
	}
}

func TestDone(t *testing.T) {
	t.Parallel()
	head := ok + "A: b\r\n\r\n"
	var s rawhead.Scanner // the zero value is ready
	for i := range len(head) {
		if s.Done() {
			t.Fatalf("done before byte %d of %d", i, len(head))
		}
		if err := s.Feed([]byte{head[i]}); err != nil {
			t.Fatal(err)
		}
	}
	if !s.Done() {
		t.Fatal("not done after the empty line")
	}
	if err := s.Feed([]byte("\x00 is the body's")); err != nil || !s.Done() {
		t.Errorf("after the head: got %v, want nothing", err)
	}
	if s.Fields() != nil {
		t.Errorf("got fields %q without Keep", s.Fields())
	}
	s.Reset(rawhead.Limits{})
	if s.Done() || s.Interim() != 0 {
		t.Error("Reset left something")
	}
	if err := s.Feed(nil); err != nil || s.Done() {
		t.Errorf("nothing fed: got %v", err)
	}
}

func TestErrorStays(t *testing.T) {
	t.Parallel()
	l := rawhead.Limits{Keep: true}
	s, err := scan(l, ok+"A: b\r\nC", " : d\r\n\r\n")
	if err == nil {
		t.Fatal("no error")
	}
	again := s.Feed([]byte(ok + "\r\n"))
	if !stderrors.Is(again, err) || s.Done() || s.Fields() != nil {
		t.Errorf("after an error: got %v, done %v, fields %q", again, s.Done(), s.Fields())
	}
	s.Reset(l)
	if err := s.Feed([]byte(ok + "\r\n")); err != nil || !s.Done() {
		t.Errorf("after Reset: got %v, done %v", err, s.Done())
	}
}

// TestErrorText: one line of plain ASCII, whatever the peer sent.
func TestErrorText(t *testing.T) {
	t.Parallel()
	for _, v := range vectors() {
		_, err := scan(rawhead.Limits{}, v.good+v.bad)
		if err == nil {
			continue
		}
		if strings.ContainsFunc(err.Error(), func(r rune) bool { return r < ' ' || r > '~' }) {
			t.Errorf("%s: got %q", v.name, err)
		}
	}
	e := &rawhead.Error{Reason: "header field too long", Limit: 8190}
	if got, want := e.Error(), "header field longer than 8190 bytes"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestFeedHead tells the heads from the body, wherever the bytes are cut.
func TestFeedHead(t *testing.T) {
	t.Parallel()
	for _, lenient := range []bool{false, true} {
		head := "HTTP/1.1 103 x\r\nA: b\r\n\r\n" + ok + "Name: value\r\nB: c\r\n d\r\n\r\n"
		for cut := range len(head) + 1 {
			var s rawhead.Scanner
			s.Reset(rawhead.Limits{Lenient: lenient})
			first, err := s.FeedHead([]byte(head[:cut]))
			if first != cut || err != nil {
				t.Fatalf("of %d bytes of head got %d, %v", cut, first, err)
			}
			second, err := s.FeedHead([]byte(head[cut:] + "body\r\n\r\n"))
			if second != len(head)-cut || err != nil || !s.Done() {
				t.Fatalf("cut at %d: got %d, %v, want %d", cut, second, err, len(head)-cut)
			}
			if n, err := s.FeedHead([]byte("more")); n != 0 || err != nil {
				t.Fatalf("after the head: got %d, %v", n, err)
			}
		}
	}
}
