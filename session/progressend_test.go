package session_test

import (
	"io"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/session"
)

// told is what a Progress was told.
type told []int64

func (n *told) option() session.Option {
	return session.Progress(func(done, _ int64) { *n = append(*n, done) })
}

// want checks that it was told of the end, once, and never went back.
func (n told) want(t *testing.T, what string, end int64) {
	t.Helper()
	if len(n) == 0 || n[len(n)-1] != end || !slices.IsSorted(n) || len(slices.Compact(slices.Clone(n))) != len(n) {
		t.Errorf("%s: told %v, want %d at the end", what, n, end)
	}
}

// TestProgressTellsTheEnd: how far a body has come is told at its end too if it fails, or
// is closed before, even by who is told.
func TestProgressTellsTheEnd(t *testing.T) {
	t.Parallel()
	const part = 300_001
	serve := func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			io.CopyN(io.Discard, r.Body, part)
		} else {
			w.Write(make([]byte, part))
			http.NewResponseController(w).Flush()
		}
		if r.URL.Path != "/whole" {
			panic(http.ErrAbortHandler)
		}
	}
	onWires(t, connector.Config{}, serve, func(t *testing.T, s *session.Session, url string) {
		var n told
		resp, err := s.Get(t.Context(), url, n.option())
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.Copy(io.Discard, resp.Body)
		if err == nil {
			t.Error("the body did not fail")
		}
		n.want(t, "a download that fails", got)

		n = nil
		if resp, err = s.Get(t.Context(), url+"whole", n.option()); err != nil {
			t.Fatal(err)
		}
		if got, err = io.CopyN(io.Discard, resp.Body, 100_001); err != nil {
			t.Fatal(err)
		}
		resp.Close()
		n.want(t, "a download that is closed", got)

		n = nil
		closed := session.Progress(func(done, _ int64) {
			n = append(n, done)
			resp.Close()
		})
		if resp, err = s.Get(t.Context(), url+"whole", closed); err != nil {
			t.Fatal(err)
		}
		if got, err = io.Copy(io.Discard, resp.Body); err == nil {
			t.Error("the body goes on after it was closed")
		}
		n.want(t, "a download that is closed by who is told", got)

		n = nil
		body := &countedReader{r: &zeros{64 << 20}}
		if resp, err = s.Post(t.Context(), url, session.Body(body), n.option()); err == nil {
			t.Error("the upload did not fail")
			resp.Close()
		}
		synctest.Wait()
		n.want(t, "an upload that fails", body.n)
	})
}

// countedReader counts what is read of it.
type countedReader struct {
	r io.Reader
	n int64
}

func (c *countedReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}
