package connector_test

import (
	"context"
	"fmt"
	"io"
	"net/http/httptrace"
	"net/textproto"
	"slices"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/certs"
	"github.com/aiolos-http/aiolos/internal/wiretest"
)

// overBoth runs a test against a scripted server, over TCP and over TLS.
func overBoth(t *testing.T, cfg connector.Config, script func(*wiretest.Conn), test func(t *testing.T, c *connector.Connector, srv *wiretest.Server)) {
	t.Helper()
	t.Run("tcp", func(t *testing.T) {
		t.Parallel()
		test(t, newConnector(t, cfg), wiretest.New(t, script))
	})
	t.Run("tls", func(t *testing.T) {
		t.Parallel()
		leaf := certs.For(t, certs.Options{})
		secure := cfg
		secure.TLS = leaf.Client()
		test(t, newConnector(t, secure), wiretest.NewTLS(t, leaf.Server(), script))
	})
}

// withHead asks for limits of a request's own.
func withHead(t *testing.T, h *connector.HeadLimits) context.Context {
	t.Helper()
	return connector.WithSettings(t.Context(), connector.Settings{Head: h})
}

// badHead checks the error of a head, or a trailer, that was refused.
func badHead(t *testing.T, what string, err error, reason string) {
	t.Helper()
	bad, ok := errors.AsType[*errors.BadHTTPMessageError](err)
	if !ok || bad.Status != 400 || !errors.Is(err, errors.ErrBadHTTPMessage) {
		t.Errorf("%s: got %v, want a bad message", what, err)
		return
	}
	if re, ok := errors.AsType[*errors.ClientResponseError](err); !ok || re.Status != 400 {
		t.Errorf("%s: not a ClientResponseError: %v", what, err)
	}
	if !strings.Contains(err.Error(), reason) {
		t.Errorf("%s: got %v, want %s", what, err, reason)
	}
}

const (
	lineLimit  = "status line longer than "
	fieldLimit = "header field longer than "
	countLimit = " header fields"
)

func statusLine(n int) string {
	const start = "HTTP/1.1 200 "
	return start + strings.Repeat("r", n-len(start)) + "\r\n"
}

func field(n int) string { return "X-Long: " + strings.Repeat("v", n-len("X-Long")) + "\r\n" }

func fields(n int) string { return strings.Repeat("X-A: b\r\n", n) }

// TestHeadLimits: what is just allowed passes, and one more does not.
func TestHeadLimits(t *testing.T) {
	t.Parallel()
	const end = "Content-Length: 2\r\n\r\nok" // one field more
	early := "HTTP/1.1 103 Early Hints\r\n"
	for name, test := range map[string]struct {
		cfg    connector.Config
		own    connector.HeadLimits
		good   string
		bad    string
		reason string
	}{
		"line":             {good: statusLine(8190) + end, bad: statusLine(8191) + end, reason: lineLimit},
		"field":            {good: statusLine(20) + field(8190) + end, bad: statusLine(20) + field(8191) + end, reason: fieldLimit},
		"count":            {good: statusLine(20) + fields(127) + end, bad: statusLine(20) + fields(128) + end, reason: countLimit},
		"interim line":     {good: statusLine(8190) + end, bad: "HTTP/1.1 102 " + strings.Repeat("r", 8190) + "\r\n\r\n" + statusLine(20) + end, reason: lineLimit},
		"interim field":    {good: early + field(8190) + "\r\n" + statusLine(20) + end, bad: early + field(8191) + "\r\n" + statusLine(20) + end, reason: fieldLimit},
		"interim count":    {good: early + fields(128) + "\r\n" + statusLine(20) + fields(127) + end, bad: early + fields(129) + "\r\n" + statusLine(20) + end, reason: countLimit},
		"line of 50":       {cfg: connector.Config{MaxLineSize: 50}, good: statusLine(50) + end, bad: statusLine(51) + end, reason: lineLimit},
		"field of 50":      {cfg: connector.Config{MaxFieldSize: 50}, good: statusLine(60) + field(50) + end, bad: statusLine(20) + field(51) + end, reason: fieldLimit},
		"three fields":     {cfg: connector.Config{MaxHeaders: 3}, good: statusLine(20) + fields(2) + end, bad: statusLine(20) + fields(3) + end, reason: countLimit},
		"own line":         {cfg: connector.Config{MaxLineSize: 30}, own: connector.HeadLimits{MaxLineSize: 50}, good: statusLine(50) + end, bad: statusLine(51) + end, reason: lineLimit},
		"own field":        {own: connector.HeadLimits{MaxFieldSize: 50}, good: statusLine(60) + field(50) + end, bad: statusLine(20) + field(51) + end, reason: fieldLimit},
		"own count":        {cfg: connector.Config{MaxHeaders: -1}, own: connector.HeadLimits{MaxHeaders: 3}, good: statusLine(20) + fields(2) + end, bad: statusLine(20) + fields(3) + end, reason: countLimit},
		"inherited":        {cfg: connector.Config{MaxHeaders: 3}, own: connector.HeadLimits{MaxLineSize: 90}, good: statusLine(90) + fields(2) + end, bad: statusLine(20) + fields(3) + end, reason: countLimit},
		"line, off":        {cfg: connector.Config{MaxLineSize: -1}, good: statusLine(50000) + end},
		"field, off":       {cfg: connector.Config{MaxFieldSize: -1}, good: statusLine(20) + field(500000) + end},
		"count, off":       {cfg: connector.Config{MaxHeaders: -1}, good: statusLine(20) + fields(5000) + end},
		"own line, off":    {own: connector.HeadLimits{MaxLineSize: -1}, good: statusLine(50000) + end},
		"own field, off":   {own: connector.HeadLimits{MaxFieldSize: -1}, good: statusLine(20) + field(50000) + end},
		"own count, off":   {own: connector.HeadLimits{MaxHeaders: -1}, good: statusLine(20) + fields(500) + end},
		"lenient has them": {cfg: connector.Config{Lenient: true}, good: statusLine(20) + fields(127) + end, bad: statusLine(20) + fields(128) + end, reason: countLimit},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			script := func(c *wiretest.Conn) {
				for {
					head, ok := c.ReadHead()
					if !ok {
						return
					}
					if strings.HasPrefix(head, "GET /bad") {
						c.Write(test.bad)
					} else {
						c.Write(test.good)
					}
				}
			}
			overBoth(t, test.cfg, script, func(t *testing.T, c *connector.Connector, srv *wiretest.Server) {
				t.Helper()
				ctx := withHead(t, &test.own)
				resp, err := c.RoundTrip(newRequest(t, ctx, "GET", srv.URL(), nil))
				if err != nil {
					t.Fatal(err)
				}
				if got := read(t, resp); got != "ok" {
					t.Errorf("got %q", got)
				}
				if test.bad == "" {
					return
				}
				_, err = c.RoundTrip(newRequest(t, ctx, "GET", srv.URL()+"/bad", nil))
				badHead(t, "one more", err, test.reason)
				if st := c.Stats(); st.InUse != 0 || st.Idle != 0 || st.Retried != 0 {
					t.Errorf("the connection is used again: %+v", st)
				}
			})
		})
	}
}

// TestTrailerLimits: trailers are held to the same.
func TestTrailerLimits(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		own     connector.HeadLimits
		trailer string
		reason  string
	}{
		"usual":     {trailer: field(100)},
		"count":     {trailer: fields(128)},
		"one more":  {trailer: fields(129), reason: " trailer fields"},
		"own":       {own: connector.HeadLimits{MaxFieldSize: 50}, trailer: field(50)},
		"longer":    {own: connector.HeadLimits{MaxFieldSize: 50}, trailer: field(51), reason: "trailer field longer than 50 bytes"},
		"own count": {own: connector.HeadLimits{MaxHeaders: 2}, trailer: fields(3), reason: " trailer fields"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			script := answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n" + test.trailer + "\r\n")
			overBoth(t, connector.Config{}, script, func(t *testing.T, c *connector.Connector, srv *wiretest.Server) {
				t.Helper()
				resp, err := c.RoundTrip(newRequest(t, withHead(t, &test.own), "GET", srv.URL(), nil))
				if err != nil {
					t.Fatal(err)
				}
				b, err := io.ReadAll(resp.Body)
				resp.Body.Close()
				if string(b) != "ok" {
					t.Errorf("got %q", b)
				}
				if test.reason != "" {
					badHead(t, "the trailer", err, test.reason)
				} else if err != nil {
					t.Error(err)
				}
				if kept := c.Stats().Idle == 1; kept != (test.reason == "") {
					t.Errorf("the connection was kept: %v", kept)
				}
			})
		})
	}
}

// TestStrictHead: what two parsers can read in two ways is refused, unless the
// connector is lenient and net/http takes it.
func TestStrictHead(t *testing.T) {
	t.Parallel()
	const ok = "HTTP/1.1 200 OK\r\n"
	for name, test := range map[string]struct {
		head    string
		reason  string
		lenient bool // net/http takes it
	}{
		"blank before the colon": {ok + "X-A : b\r\nContent-Length: 2\r\n\r\nok", "whitespace before the colon", true},
		"tab before the colon":   {ok + "X-A\t: b\r\nContent-Length: 2\r\n\r\nok", "whitespace before the colon", false},
		"control in a value":     {ok + "X-A: b\x01c\r\nContent-Length: 2\r\n\r\nok", "control character", false},
		"DEL in a value":         {ok + "X-A: b\x7fc\r\nContent-Length: 2\r\n\r\nok", "control character", false},
		"NUL in a value":         {ok + "X-A: b\x00c\r\nContent-Length: 2\r\n\r\nok", "control character", false},
		"CR in a value":          {ok + "X-A: b\rc\r\nContent-Length: 2\r\n\r\nok", "control character", false},
		"control in the reason":  {"HTTP/1.1 200 O\x01K\r\nContent-Length: 2\r\n\r\nok", "control character", true},
		"both lengths":           {ok + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", "content-length beside transfer-encoding", true},
		"both lengths, turned":   {ok + "Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n2\r\nok\r\n0\r\n\r\n", "content-length beside transfer-encoding", true},
		"two lengths":            {ok + "Content-Length: 2\r\nContent-Length: 3\r\n\r\nok", "more than one content-length", false},
		"version of HTTP/2":      {"HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\nok", "malformed status line", true},
		"status below 100":       {"HTTP/1.1 099 OK\r\nContent-Length: 2\r\n\r\nok", "malformed status line", true},
		"status 000":             {"HTTP/1.1 000 OK\r\nContent-Length: 2\r\n\r\nok", "malformed status line", true},
		"a signed length":        {ok + "Content-Length: +2\r\n\r\nok", "malformed content-length", false},
		"another coding":         {ok + "Transfer-Encoding: gzip, chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", "transfer-encoding other than chunked", false},
		"a name that is none":    {ok + "X A: b\r\nContent-Length: 2\r\n\r\nok", "header field", true},
		"no colon":               {ok + "nonsense\r\nContent-Length: 2\r\n\r\nok", "without a colon", false},
		"no status":              {"HTTP/1.1 OK\r\nContent-Length: 2\r\n\r\nok", "malformed status line", false},
		"not HTTP":               {"SSH-2.0-OpenSSH_9.9\r\n\r\n", "malformed", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			overBoth(t, connector.Config{}, answer(test.head), func(t *testing.T, c *connector.Connector, srv *wiretest.Server) {
				t.Helper()
				badHead(t, name, fails(t, c, srv.URL()), test.reason)
			})
			srv := wiretest.New(t, answer(test.head))
			c := newConnector(t, connector.Config{Lenient: true})
			resp, err := c.RoundTrip(newRequest(t, t.Context(), "GET", srv.URL(), nil))
			if err == nil && read(t, resp) != "ok" {
				t.Error("lenient: another body")
			}
			if (err == nil) != test.lenient {
				t.Errorf("lenient: got %v", err)
			}
			if err != nil && !errors.Is(err, errors.ErrBadHTTPMessage) {
				t.Errorf("lenient: got %v", err)
			}
		})
	}
}

// TestRawHeaders: as they came, in their order, with their case; the final head's
// only, and each response's own.
func TestRawHeaders(t *testing.T) {
	t.Parallel()
	head := "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" +
		"HTTP/1.1 200 OK\r\nsErVeR: x\r\nX-B:  2 \r\nX-A: 1\r\nx-a:3\r\nX-Fold: one\r\n  two\r\nX-Latin: \xe9\r\nContent-Length: 2\r\n\r\nok"
	want := []string{"sErVeR=x", "X-B=2", "X-A=1", "x-a=3", "X-Fold=one  two", "X-Latin=\xe9", "Content-Length=2"}
	script := func(c *wiretest.Conn) {
		for i := 0; ; i++ {
			if _, ok := c.ReadHead(); !ok {
				return
			}
			if i == 1 {
				c.Write("HTTP/1.1 200 OK\r\nN: 1\r\nContent-Length: 2\r\n\r\nok")
				continue
			}
			c.WriteSlow(head, 7, 0)
		}
	}
	overBoth(t, connector.Config{}, script, func(t *testing.T, c *connector.Connector, srv *wiretest.Server) {
		t.Helper()
		var kept [][]connector.RawHeader
		for i := range 3 {
			var record connector.Recorder
			ctx := connector.WithSettings(t.Context(), connector.Settings{Recorder: &record, Head: &connector.HeadLimits{Keep: i < 2}})
			resp, err := c.RoundTrip(newRequest(t, ctx, "GET", srv.URL(), nil))
			if err != nil {
				t.Fatal(err)
			}
			read(t, resp)
			if i != 1 && (resp.Header.Get("X-Fold") != "one two" || !slices.Equal(resp.Header["X-A"], []string{"1", "3"})) {
				t.Errorf("parsed: %v", resp.Header)
			}
			kept = append(kept, record.Conn().RawHeaders)
		}
		var got []string
		for _, h := range kept[0] { // looked at when others have come since
			got = append(got, string(h.Name)+"="+string(h.Value))
		}
		if !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
		if len(kept[1]) != 2 || string(kept[1][0].Name) != "N" || kept[2] != nil {
			t.Errorf("then %q, then %q", kept[1], kept[2])
		}
	})
}

// TestInterimBound: an endless series of interim responses ends, also where
// net/http has no bound because somebody looks at them.
func TestInterimBound(t *testing.T) {
	t.Parallel()
	series := func(n int) string {
		return strings.Repeat("HTTP/1.1 102 Processing\r\n\r\n", n) + okResponse
	}
	seen := 0
	trace := &httptrace.ClientTrace{Got1xxResponse: func(int, textproto.MIMEHeader) error { seen++; return nil }}
	for n, good := range map[int]bool{100: true, 101: false, 100000: false} {
		for name, ctx := range map[string]context.Context{"plain": t.Context(), "traced": httptrace.WithClientTrace(t.Context(), trace)} {
			srv := wiretest.New(t, answer(series(n)))
			c := newConnector(t, connector.Config{})
			resp, err := c.RoundTrip(newRequest(t, ctx, "GET", srv.URL(), nil))
			if good && err == nil {
				read(t, resp)
				continue
			}
			if good {
				t.Errorf("%s, %d: %v", name, n, err)
				continue
			}
			badHead(t, fmt.Sprint(name, n), err, "more than 100 interim responses")
		}
	}
	if seen < 100 {
		t.Errorf("the trace saw %d", seen)
	}
}

// TestHugeHead: 1 MiB is the end of every head.
func TestHugeHead(t *testing.T) {
	t.Parallel()
	srv := wiretest.New(t, answer(statusLine(20)+strings.Repeat("X-A: "+strings.Repeat("v", 8000)+"\r\n", 200)+"\r\n"))
	c := newConnector(t, connector.Config{MaxHeaders: -1, MaxFieldSize: -1, MaxLineSize: -1})
	if err := fails(t, c, srv.URL()); !errors.Is(err, errors.ErrBadHTTPMessage) {
		t.Errorf("got %v", err)
	}
	if st := c.Stats(); st.InUse != 0 || st.Idle != 0 {
		t.Errorf("got %+v", st)
	}
}
