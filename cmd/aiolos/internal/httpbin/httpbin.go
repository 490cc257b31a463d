// Package httpbin is the server of "aiolos serve": go-httpbin, put together here from its
// handlers. Its own New draws in text/template for two pages, and with that every
// method of every type that the program has: 3.5 MB.
package httpbin

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/mccutchen/go-httpbin/v2/httpbin"
)

// maxBody bounds the bodies of requests, and what a client can ask for.
const maxBody = 1 << 20

// maxTime bounds how long a client can have a request take.
const maxTime = 10 * time.Second

// endpoint is one thing that the server can do.
type endpoint struct {
	pattern string
	serve   http.HandlerFunc
}

// Handler returns the server's handler.
func Handler() http.Handler {
	all := listEndpoints()
	mux := http.NewServeMux()
	for _, e := range all {
		mux.HandleFunc(e.pattern, e.serve)
	}
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { writeIndex(w, all) })
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		origin := r.Header.Get("Origin")
		if origin == "" {
			origin = "*"
		}
		w.Header().Set("Access-Control-Allow-Origin", origin)
		w.Header().Set("Access-Control-Allow-Credentials", "true")
		if r.Method == http.MethodOptions {
			answerPreflight(w, r)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// answerPreflight answers a browser that asks what it may send.
func answerPreflight(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Access-Control-Allow-Methods", "GET, POST, HEAD, PUT, DELETE, PATCH, QUERY, OPTIONS")
	w.Header().Set("Access-Control-Max-Age", "3600")
	if names := r.Header.Get("Access-Control-Request-Headers"); names != "" {
		w.Header().Set("Access-Control-Allow-Headers", names)
	}
}

// writeIndex writes the front page: the list of endpoints.
func writeIndex(w http.ResponseWriter, all []endpoint) {
	patterns := make([]string, 0, len(all))
	for _, e := range all {
		patterns = append(patterns, e.pattern)
	}
	slices.Sort(patterns)
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	// A client that has gone misses nothing.
	_, _ = fmt.Fprintf(w, "httpbin, as aiolos serves it. It answers with what it was asked:\n\n%s\n", strings.Join(patterns, "\n"))
}

// listEndpoints are all but the two pages that are templates.
func listEndpoints() []endpoint {
	h := &httpbin.HTTPBin{MaxBodySize: maxBody, MaxDuration: maxTime, DefaultParams: httpbin.DefaultParams{
		DripDuration: 2 * time.Second, DripDelay: 2 * time.Second, DripNumBytes: 10,
	}}
	return []endpoint{
		{"GET /get", h.Get},
		{"HEAD /head", h.Get},
		{"POST /post", h.RequestWithBody},
		{"PUT /put", h.RequestWithBody},
		{"PATCH /patch", h.RequestWithBody},
		{"DELETE /delete", h.RequestWithBody},
		{"POST /upload", h.RequestWithBodyDiscard},
		{"PUT /upload", h.RequestWithBodyDiscard},
		{"PATCH /upload", h.RequestWithBodyDiscard},
		{"/anything", h.Anything},
		{"/anything/", h.Anything},
		{"/headers", h.Headers},
		{"/ip", h.IP},
		{"/user-agent", h.UserAgent},
		{"/dump/request", h.DumpRequest},
		{"/status/{code}", serveStatus(h)},
		{"/unstable", h.Unstable},
		{"/delay/{duration}", h.Delay},
		{"/drip", h.Drip},
		{"/redirect/{numRedirects}", h.Redirect},
		{"/relative-redirect/{numRedirects}", h.RelativeRedirect},
		{"/absolute-redirect/{numRedirects}", h.AbsoluteRedirect},
		{"/redirect-to", h.RedirectTo},
		{"/cookies", h.Cookies},
		{"/cookies/set", h.SetCookies},
		{"/cookies/delete", h.DeleteCookies},
		{"/basic-auth/{user}/{password}", h.BasicAuth},
		{"/hidden-basic-auth/{user}/{password}", h.HiddenBasicAuth},
		{"/bearer", h.Bearer},
		{"/digest-auth/{qop}/{user}/{password}", h.DigestAuth},
		{"/digest-auth/{qop}/{user}/{password}/{algorithm}", h.DigestAuth},
		{"/gzip", h.Gzip},
		{"/deflate", h.Deflate},
		{"GET /encoding/utf8", h.UTF8},
		{"/html", h.HTML},
		{"/json", h.JSON},
		{"/xml", h.XML},
		{"/image", h.ImageAccept},
		{"/image/{kind}", h.Image},
		{"/robots.txt", h.Robots},
		{"/deny", h.Deny},
		{"/uuid", h.UUID},
		{"/bytes/{numBytes}", h.Bytes},
		{"/stream-bytes/{numBytes}", h.StreamBytes},
		{"/stream/{numLines}", h.Stream},
		{"/range/{numBytes}", h.Range},
		{"/base64/{data}", h.Base64},
		{"/base64/{operation}/{data}", h.Base64},
		{"/links/{numLinks}", h.Links},
		{"/links/{numLinks}/{offset}", h.Links},
		{"/cache", h.Cache},
		{"/cache/{numSeconds}", h.CacheControl},
		{"/etag/{etag}", h.ETag},
		{"/response-headers", h.ResponseHeaders},
		{"/trailers", h.Trailers},
		{"/sse", serveEvents},
		{"GET /websocket/echo", h.WebSocketEcho},
	}
}

// serveStatus is httpbin's, with the headers that New would give to some of them.
func serveStatus(h *httpbin.HTTPBin) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		code := r.PathValue("code")
		switch code {
		case "301", "302", "303", "305", "307":
			w.Header().Set("Location", "/redirect/1")
		case "300", "308":
			w.Header().Set("Location", "/image/jpeg")
		case "401":
			w.Header().Set("WWW-Authenticate", `Basic realm="Fake Realm"`)
		case "407":
			w.Header().Set("Proxy-Authenticate", `Basic realm="Fake Realm"`)
		}
		if code == "418" {
			w.Header().Set("X-More-Info", "http://tools.ietf.org/html/rfc2324")
		}
		h.Status(w, r)
		if code == "418" {
			// The client may have gone.
			_, _ = io.WriteString(w, "I'm a teapot!")
		}
	}
}

// serveEvents sends ten server-sent events, ten a second.
func serveEvents(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for id := range 10 {
		if _, err := fmt.Fprintf(w, "event: ping\ndata: {\"id\":%d,\"timestamp\":%d}\n\n", id, time.Now().UnixMilli()); err != nil {
			return
		}
		if err := http.NewResponseController(w).Flush(); err != nil {
			return
		}
		select {
		case <-tick.C:
		case <-r.Context().Done():
			return
		}
	}
}
