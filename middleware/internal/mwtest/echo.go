package mwtest

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
)

// EchoServer answers with what the header called Name says, however it is written,
// and counts. Its responses may be kept.
type EchoServer struct {
	Name   string
	Vary   string
	Asked  atomic.Int32
	mu     sync.Mutex
	Header http.Header // of the last request
}

// RoundTrip answers.
func (o *EchoServer) RoundTrip(req *http.Request) (*http.Response, error) {
	o.Asked.Add(1)
	o.mu.Lock()
	o.Header = req.Header
	o.mu.Unlock()
	text := ""
	for name, values := range req.Header {
		if strings.EqualFold(name, o.Name) {
			text += strings.Join(values, ",")
		}
	}
	h := http.Header{"Cache-Control": {"max-age=1000"}, "Content-Length": {fmt.Sprint(len(text))}}
	if o.Vary != "" {
		h["Vary"] = []string{o.Vary}
	}
	return &http.Response{
		StatusCode: 200, Proto: "HTTP/1.1", Header: h, Request: req,
		ContentLength: int64(len(text)), Body: io.NopCloser(strings.NewReader(text)),
	}, nil
}
