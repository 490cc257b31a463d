package session_test

import (
	"bytes"
	"compress/gzip"
	"context"
	stderrors "errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/session"
)

// Names have no case in what a Transport or a middleware of somebody else answers
// (RFC 9110 5.1): redirects, cookies, codings and types are understood.
func TestForeignResponsesInAnyCase(t *testing.T) {
	t.Parallel()
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, _ = z.Write([]byte(`{"a": 1}`))
	z.Close()
	var cookie string
	transport := middleware.Func(func(req *http.Request) (*http.Response, error) {
		if req.URL.Path == "/" {
			h := http.Header{"location": {"/next"}, "set-cookie": {"id=1"}}
			return &http.Response{StatusCode: 302, Header: h, Body: http.NoBody}, nil
		}
		cookie = req.Header.Get("Cookie")
		h := http.Header{"content-type": {"application/json"}, "CONTENT-ENCODING": {"gzip"}, "eTag": {`"v"`}}
		return &http.Response{StatusCode: 200, Header: h, Body: io.NopCloser(bytes.NewReader(packed.Bytes())), ContentLength: -1}, nil
	})
	for name, cfg := range map[string]session.Config{
		"transport":  {Transport: transport},
		"middleware": {Middleware: []middleware.Middleware{func(http.RoundTripper) http.RoundTripper { return transport }}},
	} {
		s, err := session.New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := s.Get(t.Context(), "http://h.example/")
		if err != nil {
			t.Fatal(err)
		}
		text, err := resp.Text()
		if err != nil || text != `{"a": 1}` || resp.ContentType() != "application/json" {
			t.Errorf("%s: got %q of type %q, %v", name, text, resp.ContentType(), err)
		}
		if tag, ok := resp.ETag(); !ok || tag.Value != "v" {
			t.Errorf("%s: got the tag %v, want v", name, tag)
		}
		if cookie != "id=1" {
			t.Errorf("%s: got the cookie %q, want id=1", name, cookie)
		}
		resp.Close()
		s.Close()
	}
}

// Whatever ends with a context tells the context's error and its cause, also if the
// cause wraps the error.
func TestContextCausesInSession(t *testing.T) {
	t.Parallel()
	errShutdown := stderrors.New("shutting down")
	for _, cause := range []error{errShutdown, fmt.Errorf("%w: %w", errShutdown, context.Canceled)} {
		ctx, cancel := context.WithCancelCause(t.Context())
		body := io.MultiReader(strings.NewReader("x"), cancelReader{func() { cancel(cause) }})
		again, err := session.New(session.Config{Transport: middleware.Func(func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(body), ContentLength: 10}, nil
		})})
		if err != nil {
			t.Fatal(err)
		}
		_, err = again.Save(ctx, "http://h.example/", session.SaveConfig{Path: t.TempDir() + "/x"})
		if !stderrors.Is(err, errShutdown) || !stderrors.Is(err, context.Canceled) {
			t.Errorf("save: got %v, want the cause and context.Canceled", err)
		}
		again.Close()
	}
}

// cancelReader ends a context and fails.
type cancelReader struct{ cancel func() }

func (r cancelReader) Read([]byte) (int, error) {
	r.cancel()
	return 0, io.ErrUnexpectedEOF
}
