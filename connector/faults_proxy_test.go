package connector_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/wiretest"
)

// TestAbsoluteForm: through a proxy the request line has the authority of the URL, and Host
// is as it was set (RFC 9112 3.2.2, where net/http puts Host into both).
func TestAbsoluteForm(t *testing.T) {
	t.Parallel()
	srv := wiretest.New(t, fine)
	c := newConnector(t, connector.Config{Proxy: srv.URL()})
	for _, tt := range []struct{ url, host, line, field string }{
		{"http://192.0.2.1:8081/p", "virtual.example", "GET http://192.0.2.1:8081/p HTTP/1.1", "virtual.example"},
		{"http://192.0.2.1:8081/p", "", "GET http://192.0.2.1:8081/p HTTP/1.1", "192.0.2.1:8081"},
		{"http://a.example/p?q=1#f", "v.example:1", "GET http://a.example/p?q=1 HTTP/1.1", "v.example:1"},
		{"http://a.example", "v.example", "GET http://a.example/ HTTP/1.1", "v.example"},
		{"http://a.example?q", "v.example", "GET http://a.example/?q HTTP/1.1", "v.example"},
		{"http://a.example/a%2Fb/%C3%BC?", "v.example", "GET http://a.example/a%2Fb/%C3%BC? HTTP/1.1", "v.example"},
		{"http://user:secret@a.example/p", "v.example", "GET http://a.example/p HTTP/1.1", "v.example"},
		{"http://[2001:db8::1]:8081/p", "v.example", "GET http://[2001:db8::1]:8081/p HTTP/1.1", "v.example"},
		{"http://[fe80::1%25eth0]:8081/p", "v.example", "GET http://[fe80::1]:8081/p HTTP/1.1", "v.example"},
		{"http://[fe80::1%25eth0]/p", "", "GET http://[fe80::1]/p HTTP/1.1", "[fe80::1]"},
		{"http://b\u00fccher.example/p", "v.example", "GET http://xn--bcher-kva.example/p HTTP/1.1", "v.example"},
		{"http://a.example/p", "A.EXAMPLE", "GET http://a.example/p HTTP/1.1", "A.EXAMPLE"},
	} {
		before := len(srv.Requests())
		req := newRequest(t, t.Context(), "GET", tt.url, nil)
		if tt.host != "" {
			req.Host = tt.host
		}
		resp, err := c.RoundTrip(req)
		if err != nil {
			t.Errorf("%s: %v", tt.url, err)
			continue
		}
		read(t, resp)
		head := srv.Requests()[before]
		line, _, _ := strings.Cut(head, "\r\n")
		if line != tt.line || !strings.Contains(head, "\r\nHost: "+tt.field+"\r\n") || strings.Count(head, "Host: ") != 1 {
			t.Errorf("%s, Host %q: got %q, want %q and Host: %s", tt.url, tt.host, head, tt.line, tt.field)
		}
	}
}

// TestFieldNames: a name is the same in any spelling (RFC 9110 5.1), wherever the connector
// goes by a field.
func TestFieldNames(t *testing.T) {
	t.Parallel()
	t.Run("connection", func(t *testing.T) {
		t.Parallel()
		overWires(t, func(t *testing.T, w wire) {
			t.Helper()
			srv, c := w.sockets(t, connector.Config{}, (*peer).fine)
			for _, name := range []string{"Connection", "connection", "CONNECTION"} {
				req := newRequest(t, t.Context(), "GET", srv.URL(), nil)
				req.Header[name] = []string{"keep-alive, Close"}
				resp, err := c.RoundTrip(req)
				if err != nil {
					t.Fatal(err)
				}
				read(t, resp)
				if st := c.Stats(); st.Idle != 0 {
					t.Errorf("%s: got %+v, want the connection closed", name, st)
				}
			}
		})
	})
	for name, again := range map[string]bool{
		"Idempotency-Key": true, "idempotency-key": true, "X-Idempotency-Key": true, "x-idempotency-key": true, "X-Key": false,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			overWires(t, func(t *testing.T, w wire) {
				t.Helper()
				srv, c := w.sockets(t, connector.Config{}, dieOnSecond)
				get(t, c, srv.URL())
				req := newRequest(t, t.Context(), "POST", srv.URL(), strings.NewReader("body"))
				req.Header[name] = []string{"k"}
				resp, err := c.RoundTrip(req)
				switch {
				case !again && !errors.Is(err, errors.ErrServerDisconnected):
					t.Errorf("got %v, want the server gone", err)
				case again && err != nil:
					t.Errorf("got %v, want it sent again", err)
				case again:
					read(t, resp)
				}
			})
		})
	}
}

// ownFields are those that net/http writes by itself, and what the server may get of one
// with the value 7.
var ownFields = map[string]string{
	"host": "", "HOST": "", "trailer": "", "TRAILER": "", "content-length": "", "Content-length": "",
	"transfer-encoding": "", "user-agent": "7", "USER-AGENT": "7", "User-Agent": "7",
}

// TestOwnFields: in whatever spelling a caller sets them, they are not sent a second time.
func TestOwnFields(t *testing.T) {
	t.Parallel()
	for name, want := range ownFields {
		for _, body := range []string{"", "body"} {
			t.Run(name+" "+body, func(t *testing.T) {
				t.Parallel()
				overWires(t, func(t *testing.T, w wire) {
					t.Helper()
					heads := make(chan http.Header, 1)
					srv, c := w.sockets(t, connector.Config{}, func(p *peer) {
						if p.head() {
							heads <- p.fields()
							p.body()
							p.ok()
							p.silent()
						}
					})
					req := newRequest(t, t.Context(), "POST", srv.URL(), strings.NewReader(body))
					req.Header[name] = []string{"7"}
					resp, err := c.RoundTrip(req)
					if err != nil {
						t.Fatal(err)
					}
					read(t, resp)
					key := http.CanonicalHeaderKey(name)
					got := (<-heads)[key]
					switch {
					case key == "Host" && len(got) == 1 && got[0] != "7":
					case key == "Content-Length" && len(got) == 1 && got[0] == strconv.Itoa(len(body)):
					case want == "" && len(got) != 0, want != "" && (len(got) != 1 || got[0] != want):
						t.Errorf("got %q, want %q or none", got, want)
					}
					if len(req.Header) != 1 || req.Header[name][0] != "7" {
						t.Errorf("the request was changed: %v", req.Header)
					}
				})
			})
		}
	}
}

// TestConnectionWords: what is of HTTP/1.1 only does not make a request of HTTP/2 fail
// (RFC 9113 8.2.2); close counts there, too.
func TestConnectionWords(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		field  string
		values []string
		idle   int
	}{
		{"Connection", []string{"keep-alive, X-Hop"}, 1},
		{"connection", []string{"X-Hop", "keep-alive"}, 1},
		{"Connection", []string{"X-Hop, close"}, 0},
		{"CONNECTION", []string{"X-Hop", "Close"}, 0},
		{"Transfer-Encoding", []string{"gzip, chunked"}, 1},
		{"transfer-encoding", []string{"gzip"}, 1},
	} {
		t.Run(tt.field+" "+strings.Join(tt.values, " and "), func(t *testing.T) {
			t.Parallel()
			overWires(t, func(t *testing.T, w wire) {
				t.Helper()
				srv, c := w.sockets(t, connector.Config{}, (*peer).fine)
				req := newRequest(t, t.Context(), "GET", srv.URL(), nil)
				req.Header[tt.field] = tt.values
				resp, err := c.RoundTrip(req)
				if err != nil {
					t.Fatal(err)
				}
				if got := read(t, resp); got != "ok" || c.Stats().Idle != tt.idle {
					t.Errorf("got %q, %+v, want %d idle", got, c.Stats(), tt.idle)
				}
			})
		})
	}
}

// dieOnSecond is a server whose first connection ends with its second request.
func dieOnSecond(p *peer) {
	if p.c.N > 0 {
		p.fine()
		return
	}
	p.head()
	p.body()
	p.ok()
	p.head()
	p.body()
}
