package session_test

import (
	"io"
	"iter"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/wiretest"
	"github.com/aiolos-http/aiolos/session"
)

// switches answers with 101, and then with more than anybody wants.
func switches(c *wiretest.Conn) {
	c.ReadHead()
	if c.Write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n") {
		for c.Write(strings.Repeat("x", 1<<16)) {
		}
	}
}

// TestUnasked101: nobody has asked to switch, so it is no answer, whatever it would cost.
func TestUnasked101(t *testing.T) {
	t.Parallel()
	inBubble(t, connector.Config{}, session.ClientTimeout{Total: time.Minute}, func(t *testing.T, b *bubble) {
		b.serve(t, "h:80", switches)
		b.serve(t, "silent:80", stallAfter("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n"))
		for _, url := range []string{"http://h/", "http://silent/"} {
			_, err := b.s.Get(t.Context(), url, session.MaxBodySize(10))
			if !errors.Is(err, errors.ErrBadHTTPMessage) {
				t.Errorf("%s: got %v, want a bad message", url, err)
			}
		}
	})
}

// bodyReaders are all that read a body to its end.
var bodyReaders = map[string]func(t *testing.T, r *session.Response) error{
	"Bytes":        func(_ *testing.T, r *session.Response) error { _, err := r.Bytes(); return err },
	"Text":         func(_ *testing.T, r *session.Response) error { _, err := r.Text(); return err },
	"TextAs":       func(_ *testing.T, r *session.Response) error { _, err := r.TextAs("latin1"); return err },
	"TextStrict":   func(_ *testing.T, r *session.Response) error { _, err := r.TextStrict("latin1"); return err },
	"TextFallback": func(_ *testing.T, r *session.Response) error { _, err := r.TextFallback(nil); return err },
	"JSON":         func(_ *testing.T, r *session.Response) error { var v any; return r.JSON(&v) },
	"Decode":       func(_ *testing.T, r *session.Response) error { _, err := session.Decode[any](r, nil); return err },
	"Records":      func(_ *testing.T, r *session.Response) error { return firstError(session.Records[any](r, nil)) },
	"Events":       func(_ *testing.T, r *session.Response) error { return firstError(r.Events()) },
	"Save": func(t *testing.T, r *session.Response) error {
		t.Helper()
		_, err := r.Save(t.Context(), filepath.Join(t.TempDir(), "f"))
		return err
	},
	"SaveTo": func(t *testing.T, r *session.Response) error {
		t.Helper()
		_, err := r.SaveTo(t.Context(), session.SaveConfig{Path: filepath.Join(t.TempDir(), "f")})
		return err
	},
	"MultipartReader": func(_ *testing.T, r *session.Response) error {
		_, err := r.MultipartReader(session.MultipartConfig{})
		return err
	},
	"Lines":       func(_ *testing.T, r *session.Response) error { return firstError(r.Content().Lines()) },
	"Chunks":      func(_ *testing.T, r *session.Response) error { return firstError(r.Content().Chunks(10)) },
	"Any":         func(_ *testing.T, r *session.Response) error { return firstError(r.Content().Any()) },
	"ReadLine":    func(_ *testing.T, r *session.Response) error { _, err := r.Content().ReadLine(); return err },
	"ReadExactly": func(_ *testing.T, r *session.Response) error { _, err := r.Content().ReadExactly(1 << 30); return err },
	"WriteTo":     func(_ *testing.T, r *session.Response) error { _, err := r.Content().WriteTo(io.Discard); return err },
	"ReadAll":     func(_ *testing.T, r *session.Response) error { _, err := io.ReadAll(r.Content()); return err },
	"Bytes after Content": func(_ *testing.T, r *session.Response) error {
		r.Content()
		_, err := r.Bytes()
		return err
	},
}

func firstError[T any](seq iter.Seq2[T, error]) error {
	for _, err := range seq {
		if err != nil {
			return err
		}
	}
	return nil
}

// TestAsked101 is a connection and not a body: what reads bodies refuses it, and closes it.
func TestAsked101(t *testing.T) {
	t.Parallel()
	for name, read := range bodyReaders {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, connector.Config{}, session.ClientTimeout{Total: time.Minute}, func(t *testing.T, b *bubble) {
				b.serve(t, "h:80", switches)
				resp, err := b.s.Get(t.Context(), "http://h/", session.Header("Connection", "Upgrade"), session.Header("Upgrade", "x"))
				if err != nil {
					t.Fatal(err)
				}
				start := time.Now()
				if err := read(t, resp); !errors.Is(err, errors.ErrInvalidRequest) || time.Since(start) != 0 {
					t.Errorf("got %v after %v, want a refusal at once", err, time.Since(start))
				}
				if st := b.s.Connector().Stats(); st.InUse+st.Idle != 0 {
					t.Errorf("got %+v, want the connection closed", st)
				}
			})
		})
	}
}

// TestAsked101Body: its taker has the body itself.
func TestAsked101Body(t *testing.T) {
	t.Parallel()
	inBubble(t, connector.Config{}, session.ClientTimeout{Total: time.Minute}, func(t *testing.T, b *bubble) {
		b.serve(t, "h:80", switches)
		resp, err := b.s.Get(t.Context(), "http://h/", session.Header("connection", "Upgrade"), session.Header("upgrade", "x"))
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Close()
		start := make([]byte, 3)
		if _, err := io.ReadFull(resp.Body, start); string(start) != "xxx" || err != nil {
			t.Errorf("got %q, %v", start, err)
		}
		if _, ok := resp.Body.(io.ReadWriteCloser); !ok {
			t.Errorf("got a %T", resp.Body)
		}
	})
}
