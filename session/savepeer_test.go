package session_test

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/certs"
	"github.com/aiolos-http/aiolos/session"
)

// savePeer is who answers: one certificate, and one file, cut or whole.
type savePeer struct {
	leaf *certs.Leaf
	data []byte
	cut  bool
}

func (p *savePeer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Range") == fmt.Sprintf("bytes=%d-", len(p.data)) {
		w.Header().Set("Content-Range", fmt.Sprintf("bytes */%d", len(p.data)))
		w.WriteHeader(http.StatusRequestedRangeNotSatisfiable) // without a validator
		return
	}
	w.Header().Set("ETag", `"v1"`)
	if !p.cut {
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(p.data))
		return
	}
	w.Write(p.data[:100])
	http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

// savePeers is a server whose peers change.
func savePeers(t *testing.T) (url string, now *atomic.Pointer[savePeer]) {
	t.Helper()
	now = new(atomic.Pointer[savePeer])
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { now.Load().ServeHTTP(w, r) }))
	srv.TLS = &tls.Config{GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
		cfg := now.Load().leaf.Server()
		cfg.SessionTicketsDisabled = true // by one of them, the other would be the same
		return cfg, nil
	}}
	srv.StartTLS()
	t.Cleanup(srv.Close)
	return srv.URL, now
}

// TestSaveUnverified: what came from a server that nobody had verified is not the
// beginning of a file that another one has, be that verified, pinned or neither.
func TestSaveUnverified(t *testing.T) {
	t.Parallel()
	good, evil := certs.For(t, certs.Options{}), certs.For(t, certs.Options{})
	sum := sha256.Sum256(good.DER)
	verified, pinned, unseen := session.TLS(good.Client()), session.Fingerprint(sum[:]), session.Insecure()
	for name, tt := range map[string]struct {
		leaf          *certs.Leaf // of who is broken off
		before, after session.Option
		had           int64
	}{
		"another, then verified":      {evil, unseen, verified, 0},
		"another, then pinned":        {evil, unseen, pinned, 0},
		"another, and nobody looks":   {evil, unseen, unseen, 0},
		"the same, then verified":     {good, unseen, verified, 100},
		"the same, then pinned":       {good, unseen, pinned, 100},
		"the same, and nobody looks":  {good, unseen, unseen, 100},
		"verified both times":         {good, verified, verified, 100},
		"verified, then nobody looks": {good, verified, unseen, 100},
		"pinned, then verified":       {good, pinned, verified, 100},
	} {
		for way := range ways {
			t.Run(name+", "+way, func(t *testing.T) {
				t.Parallel()
				s, path := newSession(t, session.Config{}), filepath.Join(t.TempDir(), "f")
				url, now := savePeers(t)
				now.Store(&savePeer{tt.leaf, bytes.ToUpper(content), true})
				if tt.leaf == good {
					now.Store(&savePeer{good, content, true})
				}
				_, err := s.Save(t.Context(), url+"/", session.SaveConfig{Path: path}, tt.before)
				wantIs(t, err, errors.ErrClientPayload)
				now.Store(&savePeer{good, content, false})
				saved, err := ways[way](t, &fileServer{Server: &httptest.Server{URL: url}, s: s.With(tt.after)}, "/", session.SaveConfig{Path: path})
				if err != nil || saved.Resumed != tt.had {
					t.Errorf("got %+v, %v, want %d bytes to be gone on with", saved, err, tt.had)
				}
				wantContent(t, path, content)
			})
		}
	}
}

// TestSaveUnverifiedComplete: nor is it the whole of one, whatever its length.
func TestSaveUnverifiedComplete(t *testing.T) {
	t.Parallel()
	good, evil := certs.For(t, certs.Options{}), certs.For(t, certs.Options{})
	s, path := newSession(t, session.Config{}), filepath.Join(t.TempDir(), "f")
	url, now := savePeers(t)
	now.Store(&savePeer{evil, bytes.ToUpper(content), false})
	stop := errors.New("stop")
	_, err := s.Save(t.Context(), url, session.SaveConfig{Path: path, Progress: func(done, _ int64) {
		if done == int64(len(content)) { // a process that is killed here leaves all of it
			for _, name := range []string{".part", ".part.json"} {
				data, err := os.ReadFile(path + name)
				if err = errors.Join(err, os.WriteFile(path+"-1"+name, data, 0o600)); err != nil {
					t.Error(err)
				}
			}
		}
	}, Verify: func(io.Reader) error { return stop }}, session.Insecure())
	wantIs(t, err, stop)
	now.Store(&savePeer{good, content, false})
	saved, err := s.Save(t.Context(), url, session.SaveConfig{Path: path + "-1"}, session.TLS(good.Client()))
	if err != nil || saved.Resumed != 0 {
		t.Errorf("got %+v, %v", saved, err)
	}
	wantContent(t, path+"-1", content)
}
