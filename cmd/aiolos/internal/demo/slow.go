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
		leave := m.beginRequest(r.Host)
		defer leave()
		if !waitFor(r, time.Duration(pathNumber(r, "ms"))*time.Millisecond) {
			return
		}
		leave()
		_, _ = w.Write([]byte("slow\n"))
	})
	mux.HandleFunc("GET /gzip/{n}", func(w http.ResponseWriter, r *http.Request) {
		leave := m.beginRequest(r.Host)
		defer leave()
		serveGzip(w, r, leave)
	})
	mux.HandleFunc("GET /drip", func(w http.ResponseWriter, r *http.Request) {
		// It ends when the client has had enough, which the client knows
		// first.
		m.beginRequest(r.Host)()
		for waitFor(r, 50*time.Millisecond) {
			_, _ = w.Write([]byte("."))
			_ = http.NewResponseController(w).Flush()
		}
	})
	return mux
}

// serveGzip sends the first half of the compressed text, waits a little, and
// sends the rest.
func serveGzip(w http.ResponseWriter, r *http.Request, leave func()) {
	body := gzipData(fixedText(pathNumber(r, "n")))
	w.Header().Set("Content-Encoding", "gzip")
	w.Header().Set("Content-Type", "text/plain")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	half := len(body) / 2
	_, _ = w.Write(body[:half])
	_ = http.NewResponseController(w).Flush()
	if waitFor(r, 10*time.Millisecond) {
		leave()
		_, _ = w.Write(body[half:])
	}
}

// waitFor waits, and reports whether the client did so too.
func waitFor(r *http.Request, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-r.Context().Done():
		return false
	}
}

// pathNumber reads a part of the path; what is none is zero.
func pathNumber(r *http.Request, name string) int {
	n, _ := strconv.Atoi(r.PathValue(name))
	return n
}

// fixedText returns n bytes that are the same in every run.
func fixedText(n int) []byte {
	words := []string{"aiolos ", "keeper ", "of ", "the ", "winds ", "bag ", "sail ", "sea\n"}
	rng := rand.New(rand.NewPCG(uint64(n), 2026)) //nolint:gosec // the same in every run, which is the point
	var b bytes.Buffer
	for b.Len() < n {
		b.WriteString(words[rng.IntN(len(words))])
	}
	return b.Bytes()[:n]
}

// gzipData returns data as gzip does.
func gzipData(data []byte) []byte {
	var b bytes.Buffer
	zw := gzip.NewWriter(&b)
	// A buffer takes everything.
	_, _ = zw.Write(data)
	_ = zw.Close()
	return b.Bytes()
}
