package demo

import (
	"bytes"
	"compress/gzip"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"
)

// slowHandler is the server that takes its time.
//
//	/delay/MS   answers after so many milliseconds
//	/gzip/N     a text of N bytes, compressed, in two pieces
//	/drip       a byte now and then, for ever
func slowHandler(m *meter) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /delay/{ms}", func(w http.ResponseWriter, r *http.Request) {
		leave := m.enter(r.Host)
		defer leave()
		if !pause(r, time.Duration(number(r, "ms"))*time.Millisecond) {
			return
		}
		leave()
		_, _ = w.Write([]byte("slow\n"))
	})
	mux.HandleFunc("GET /gzip/{n}", func(w http.ResponseWriter, r *http.Request) {
		leave := m.enter(r.Host)
		defer leave()
		serveGzip(w, r, leave)
	})
	mux.HandleFunc("GET /drip", func(w http.ResponseWriter, r *http.Request) {
		// It ends when the client has had enough, which the client knows
		// first.
		m.enter(r.Host)()
		for pause(r, 50*time.Millisecond) {
			_, _ = w.Write([]byte("."))
			_ = http.NewResponseController(w).Flush()
		}
	})
	return mux
}

// serveGzip sends the first half of the compressed text, waits a little, and
// sends the rest.
func serveGzip(w http.ResponseWriter, r *http.Request, leave func()) {
	body := compress(text(number(r, "n")))
	w.Header().Set("Content-Encoding", "gzip")
	w.Header().Set("Content-Type", "text/plain")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	half := len(body) / 2
	_, _ = w.Write(body[:half])
	_ = http.NewResponseController(w).Flush()
	if pause(r, 10*time.Millisecond) {
		leave()
		_, _ = w.Write(body[half:])
	}
}

// pause waits, and reports whether the client did so too.
func pause(r *http.Request, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-r.Context().Done():
		return false
	}
}

// number reads a part of the path; what is none is zero.
func number(r *http.Request, name string) int {
	n, _ := strconv.Atoi(r.PathValue(name))
	return n
}

// text returns n bytes that are the same in every run.
func text(n int) []byte {
	words := []string{"aiolos ", "keeper ", "of ", "the ", "winds ", "bag ", "sail ", "sea\n"}
	rng := rand.New(rand.NewPCG(uint64(n), 2026)) //nolint:gosec // the same in every run, which is the point
	var b bytes.Buffer
	for b.Len() < n {
		b.WriteString(words[rng.IntN(len(words))])
	}
	return b.Bytes()[:n]
}

// compress returns data as gzip does.
func compress(data []byte) []byte {
	var b bytes.Buffer
	zw := gzip.NewWriter(&b)
	// A buffer takes everything.
	_, _ = zw.Write(data)
	_ = zw.Close()
	return b.Bytes()
}
