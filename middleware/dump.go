package middleware

import (
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/aiolos-http/aiolos/middleware/internal/bodytap"
	"github.com/aiolos-http/aiolos/middleware/internal/redaction"
)

// DumpConfig says what [Dump] writes, and where.
type DumpConfig struct {
	// Writer takes each exchange with one Write, and one after the other. Nil dumps
	// nothing, at no cost. An error of it is passed over.
	Writer io.Writer
	// MaxBody is how many bytes of each body are shown. 0 is 4 KiB; negative is none.
	MaxBody int64
	// Redaction says what is hidden. Of forms, multipart ones too, and of JSON, whatever it
	// is called, the values whose names say that they are secret are hidden too; of other
	// bodies nobody can tell.
	Redaction Redaction
}

// defaultDumpBody is how much of a body is shown.
const defaultDumpBody = 4 << 10

// Dump writes exchanges as text, for the eye of a developer: what goes out behind ">",
// what comes in behind "<", and how long it took behind "*".
//
//	> POST https://api.example/items?token=*** HTTP/1.1
//	> Host: api.example
//	> Authorization: ***
//	> Content-Type: application/json
//	>
//	> {"name": "it"}
//	< HTTP/1.1 201 Created
//	< Location: /items/7
//	* 12ms to the head, 12ms in all; 0 bytes received
//
// An exchange is written when its body was read to the end or closed, or when it has
// failed: nothing is read that the caller does not read, and what is shown of a body is
// what was read of it. Headers are in the order of their names. Inside a retrying
// middleware each attempt is written, and innermost each hop of a redirect; there a body
// is still compressed. What is no text, and what a terminal would act on, is not shown
// as it is. No secret is in it that is known as one.
func Dump(cfg DumpConfig) Middleware {
	switch {
	case cfg.MaxBody == 0:
		cfg.MaxBody = defaultDumpBody
	case cfg.MaxBody < 0:
		cfg.MaxBody = 0
	}
	d := &dumper{cfg: cfg}
	return func(next http.RoundTripper) http.RoundTripper {
		if cfg.Writer == nil {
			return next
		}
		return Func(func(req *http.Request) (*http.Response, error) { return d.roundTrip(next, req) })
	}
}

// dumper writes exchanges one after the other.
type dumper struct {
	cfg DumpConfig
	mu  sync.Mutex
}

// dumped is one exchange.
type dumped struct {
	req, sent  *http.Request
	resp       *http.Response // nil: it has failed
	err        error
	body       bodytap.Request
	received   bodytap.Buffer
	start      time.Time
	head, done time.Duration
}

func (d *dumper) roundTrip(next http.RoundTripper, req *http.Request) (*http.Response, error) {
	x := &dumped{req: req, start: time.Now()}
	x.sent = req.WithContext(req.Context())
	x.body.Wrap(x.sent, d.cfg.MaxBody)
	resp, err := next.RoundTrip(x.sent)
	x.head = time.Since(x.start)
	if err != nil {
		x.err = err
		d.write(x)
		return nil, err
	}
	if resp.Request == x.sent {
		resp.Request = req // the caller's, not ours
	}
	x.resp = describedResponse(resp)
	if resp.StatusCode == http.StatusSwitchingProtocols || resp.Body == nil || resp.Body == http.NoBody {
		d.write(x)
		return resp, nil
	}
	resp.Body = bodytap.Response(resp.Body, d.cfg.MaxBody, func(kept bodytap.Buffer, err error) {
		x.received, x.err = kept, err
		d.write(x)
	})
	return resp, nil
}

// describedResponse is the head of a response as it is now: the caller may change it.
func describedResponse(resp *http.Response) *http.Response {
	return &http.Response{Status: resp.Status, StatusCode: resp.StatusCode, Proto: resp.Proto, Header: resp.Header.Clone()}
}

// write writes an exchange that is over.
func (d *dumper) write(x *dumped) {
	x.done = time.Since(x.start)
	text := x.text((*redaction.Rules)(&d.cfg.Redaction).ForRequest(x.req), d.cfg.MaxBody > 0)
	d.mu.Lock()
	defer d.mu.Unlock()
	// A request does not fail because of what is written about it.
	_, _ = io.WriteString(d.cfg.Writer, text)
}
