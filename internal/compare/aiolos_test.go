//go:build interop

package compare_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/form"
	"github.com/aiolos-http/aiolos/session"
	"github.com/aiolos-http/aiolos/ws"
)

// sendAiolos sends the request with a session of its own, in which every name is
// the server's.
func sendAiolos(t *testing.T, addr string, r *request) outcome {
	t.Helper()
	conn, err := connector.New(connector.Config{
		ForceClose: r.ForceClose,
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, addr)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	base := r.Base
	if base != "" {
		base += "/"
	}
	s, err := session.New(session.Config{
		Connector: conn, OwnConnector: true, BaseURL: base,
		Options: headerOptions(r.SessionHeaders, r.SessionAuth, r.SessionCookies, r.SessionSkip),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if r.WebSocket {
		return dial(t, s, r)
	}
	status, err := exchange(s.Request(t.Context(), r.Method, r.URL, options(t, r)...))
	for _, u := range r.Then {
		if err == nil {
			status, err = exchange(s.Get(t.Context(), u))
		}
	}
	return result(status, err)
}

func exchange(resp *session.Response, err error) (int, error) {
	if err != nil {
		return 0, err
	}
	defer resp.Close()
	_, err = resp.Bytes()
	return resp.StatusCode, err
}

func result(status int, err error) outcome {
	if err != nil {
		return outcome{Error: err.Error()}
	}
	return outcome{Status: status}
}

func dial(t *testing.T, s *session.Session, r *request) outcome {
	t.Helper()
	o := &ws.Options{Protocols: r.Protocols, Header: http.Header{}}
	for _, h := range r.Headers {
		o.Header.Add(h[0], h[1])
	}
	if r.WSCompress {
		o.Compress = &ws.Compression{}
	}
	c, err := s.WebSocket(t.Context(), r.URL, o)
	if err == nil {
		c.Close(ws.CloseNormal, "")
	}
	return result(http.StatusSwitchingProtocols, err)
}

func options(t *testing.T, r *request) []session.Option {
	t.Helper()
	var opts []session.Option
	for _, p := range r.Params {
		opts = append(opts, session.Query(p[0], p[1]))
	}
	opts = append(opts, headerOptions(r.Headers, r.Auth, r.Cookies, r.Skip)...)
	add := func(asked bool, opt session.Option) {
		if asked {
			opts = append(opts, opt)
		}
	}
	add(r.URLs == "requote", session.Requote())
	add(r.Version == "1.0", session.Version(1, 0))
	add(r.Stay, session.NoRedirects())
	add(r.Compress != "", session.Compress(r.Compress))
	add(r.Chunked, session.Chunked())
	add(r.Expect100, session.Expect100())
	add(r.Proxy != "", session.Proxy(r.Proxy))
	if len(r.ProxyAuth) > 0 {
		opts = append(opts, session.ProxyAuth(r.ProxyAuth[0], r.ProxyAuth[1]))
	}
	for _, h := range r.ProxyHeaders {
		opts = append(opts, session.ProxyHeader(h[0], h[1]))
	}
	if body, ok := bodyOption(t, r); ok {
		opts = append(opts, body)
	}
	return opts
}

func headerOptions(headers [][]string, auth []string, cookies [][]string, skip []string) []session.Option {
	var opts []session.Option
	given := map[string]bool{}
	for _, h := range headers {
		if given[h[0]] {
			opts = append(opts, session.AddHeader(h[0], h[1]))
		} else {
			opts = append(opts, session.Header(h[0], h[1]))
		}
		given[h[0]] = true
	}
	if len(auth) > 0 {
		opts = append(opts, session.BasicAuth(auth[0], auth[1]))
	}
	for _, c := range cookies {
		opts = append(opts, session.Cookie(c[0], c[1]))
	}
	if len(skip) > 0 {
		opts = append(opts, session.SkipHeader(skip...))
	}
	return opts
}

func bodyOption(t *testing.T, r *request) (session.Option, bool) {
	t.Helper()
	switch {
	case r.Text != nil:
		return session.Text(r.text()), true
	case r.Bytes != nil:
		return session.Bytes(r.bytes()), true
	case r.File != "":
		return session.Body(r.open(t)), true
	case r.JSON != nil:
		return session.JSON(value(t, r.JSON)), true
	case r.Pairs != nil:
		var flat []string
		for _, p := range r.Pairs {
			flat = append(flat, p...)
		}
		return session.FormPairs(flat...), true
	case r.Form != nil:
		return session.FormData(makeForm(t, r.Form)), true
	case r.Mixed != nil:
		return session.Multipart(makeMixed(t, r.Mixed)), true
	case r.Stream != nil:
		return session.Stream(func(yield func([]byte, error) bool) {
			for _, s := range r.Stream {
				if !yield([]byte(s), nil) {
					return
				}
			}
		}), true
	}
	return session.Option{}, false
}

func makeForm(t *testing.T, spec *formSpec) *form.Form {
	t.Helper()
	f := form.New()
	if spec.Boundary != "" {
		f.Boundary(spec.Boundary).Multipart()
	}
	for i := range spec.Fields {
		p := &spec.Fields[i]
		opts := partOptions(p.Type, p.Filename)
		switch {
		case p.Text != nil:
			f.Field(p.Name, p.text(), opts...)
		case p.Bytes != nil:
			f.Bytes(p.Name, p.bytes(), opts...)
		default:
			f.OSFile(p.Name, p.open(t), opts...)
		}
	}
	return f
}

func makeMixed(t *testing.T, spec *mixedSpec) *form.Multipart {
	t.Helper()
	m := form.NewMultipart(spec.Subtype).Boundary(spec.Boundary)
	for i := range spec.Parts {
		p := &spec.Parts[i]
		opts := partOptions(p.Type, p.Filename)
		switch {
		case p.Text != nil:
			m.Text(p.text(), opts...)
		case p.Bytes != nil:
			m.Bytes(p.bytes(), opts...)
		case p.Mixed != nil:
			m.Multipart(makeMixed(t, p.Mixed), opts...)
		default:
			m.JSON(value(t, p.JSON), opts...)
		}
	}
	return m
}

func partOptions(mediaType, fileName string) []form.PartOption {
	var opts []form.PartOption
	if mediaType != "" {
		opts = append(opts, form.ContentType(mediaType))
	}
	if fileName != "" {
		opts = append(opts, form.FileName(fileName))
	}
	return opts
}

func (p *piece) text() string { return strings.Repeat(*p.Text, max(p.Repeat, 1)) }

func (p *piece) bytes() []byte {
	var b []byte
	for _, c := range strings.Repeat(*p.Bytes, max(p.Repeat, 1)) {
		b = append(b, byte(c))
	}
	return b
}

func (p *piece) open(t *testing.T) *os.File {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", p.File))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	if _, err := f.Seek(p.Seek, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	return f
}

func value(t *testing.T, raw json.RawMessage) any {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}
