package demo

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// slowness is how long the server takes for what is slow.
const slowness = 200 * time.Millisecond

// host is one misbehaving server.
type host struct {
	addr   string
	meter  *meter
	server *http.Server
}

// startHost runs one on the loopback interface.
func startHost(ctx context.Context) (*host, error) {
	ln, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	h := &host{addr: ln.Addr().String(), meter: newMeter()}
	h.server = &http.Server{Handler: http.HandlerFunc(h.serve), ReadHeaderTimeout: time.Minute}
	go h.server.Serve(ln) //nolint:errcheck // it ends when it is closed
	return h, nil
}

// serve answers a request: /file/N and /there/N are the URL N, and nothing else is there.
func (h *host) serve(w http.ResponseWriter, req *http.Request) {
	end := h.meter.begin()
	defer end()
	kind, number, _ := strings.Cut(strings.TrimPrefix(req.URL.Path, "/"), "/")
	n, err := strconv.Atoi(number)
	if err != nil || kind != "file" && kind != "there" {
		end()
		http.NotFound(w, req)
		return
	}
	first := h.meter.ask(n)
	switch f := faultOf(n); {
	case kind == "there", f == slow:
		wait(req.Context())
	case f == redirect:
		end()
		w.Header().Set("Location", "/there/"+strconv.Itoa(n))
		w.WriteHeader(http.StatusFound)
		return
	case first && f != none:
		h.fail(w, n, f, end)
		return
	}
	h.send(w, req, n, end)
}

// wait is being slow.
func wait(ctx context.Context) {
	timer := time.NewTimer(slowness)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// fail is a fault.
func (h *host) fail(w http.ResponseWriter, n int, f fault, end func()) {
	switch f {
	case busy:
		w.Header().Set("Retry-After", "1")
		end()
		w.WriteHeader(http.StatusServiceUnavailable)
	case broken:
		end()
		w.WriteHeader(http.StatusInternalServerError)
	default:
		body := content(n)
		if f == cut {
			w.Header().Set("ETag", etag(n))
			w.Header().Set("Content-Length", strconv.Itoa(len(body)))
			_, _ = w.Write(body[:len(body)/2])
			_ = http.NewResponseController(w).Flush()
		}
		end()
		panic(http.ErrAbortHandler)
	}
}

// send sends the URL, or the end of it that was asked for.
func (h *host) send(w http.ResponseWriter, req *http.Request, n int, end func()) {
	body, from := content(n), 0
	if _, err := fmt.Sscanf(req.Header.Get("Range"), "bytes=%d-", &from); err != nil || from >= len(body) || req.Header.Get("If-Range") != etag(n) {
		from = 0
	}
	status := http.StatusOK
	if from > 0 {
		status = http.StatusPartialContent
		w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, len(body)-1, len(body)))
	}
	w.Header().Set("ETag", etag(n))
	w.Header().Set("Accept-Ranges", "bytes")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)-from))
	w.WriteHeader(status)
	last := len(body) - 1
	if _, err := w.Write(body[from:last]); err != nil {
		return
	}
	if err := http.NewResponseController(w).Flush(); err != nil {
		return
	}
	h.meter.serve(n)
	end()
	_, _ = w.Write(body[last:])
}

func etag(n int) string { return `"` + strconv.Itoa(n) + `"` }
