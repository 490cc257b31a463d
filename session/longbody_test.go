package session_test

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/session"
)

// slowPieces and slowPause make a transfer of more than six minutes.
const (
	slowPieces = 64
	slowPause  = 6 * time.Second
	slowPiece  = 64 << 10
)

// slowTransfers takes an upload, or gives a download, piece by piece.
func slowTransfers(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodPut {
		n, piece := 0, make([]byte, slowPiece)
		for {
			m, err := io.ReadFull(r.Body, piece)
			n += m
			if err != nil {
				break
			}
			// The rest is in buffers: who waits for its end sees a silence.
			if n < slowPieces*slowPiece-2<<20 && !pauses(r, 2*slowPause) {
				return
			}
		}
		io.WriteString(w, strconv.Itoa(n))
		return
	}
	w.Header().Set("Content-Length", strconv.Itoa(slowPieces*slowPiece))
	for range slowPieces {
		w.Write(make([]byte, slowPiece))
		http.NewResponseController(w).Flush()
		if !pauses(r, slowPause) {
			return
		}
	}
}

// pauses waits, and reports whether the client is still there.
func pauses(r *http.Request, d time.Duration) bool {
	select {
	case <-r.Context().Done():
		return false
	case <-time.After(d):
		return true
	}
}

// TestReadmeOutlivesTotal: what the README shows for big files goes on behind the five
// minutes that a request has by default; without the timeouts that it sets it does not.
func TestReadmeOutlivesTotal(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	muteOutput(t)
	if err := os.WriteFile("cat.png", make([]byte, slowPieces*slowPiece), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, transfer := range map[string]func(t *testing.T, s *session.Session) error{
		"upload": func(t *testing.T, s *session.Session) error { return readmeUpload(t.Context(), s) },
		"download": func(t *testing.T, s *session.Session) error {
			var b bytes.Buffer
			err := readmeDownload(t.Context(), s, &b)
			if b.Len() != slowPieces*slowPiece {
				t.Errorf("got %d bytes, want %d", b.Len(), slowPieces*slowPiece)
			}
			return err
		},
		"save": func(t *testing.T, s *session.Session) error {
			defer os.Remove("big.iso")
			return readmeSave(t.Context(), s)
		},
	} {
		t.Run(name, func(t *testing.T) {
			onWires(t, connector.Config{}, slowTransfers, func(t *testing.T, s *session.Session, url string) {
				if strings.HasPrefix(url, "http:") {
					return // the README has https
				}
				start := time.Now()
				if err := transfer(t, s); err != nil {
					t.Error(err)
				}
				if took := time.Since(start); took < 6*time.Minute {
					t.Errorf("it took %v, want six minutes or more", took)
				}
				resp, err := s.Get(t.Context(), url)
				if err == nil {
					_, err = io.Copy(io.Discard, resp.Body)
				}
				if !errors.Is(err, errors.ErrTotalTimeout) {
					t.Errorf("with the default: got %v, want the total timeout", err)
				}
			})
		})
	}
}

// muteOutput has what an example prints go nowhere.
func muteOutput(t *testing.T) {
	t.Helper()
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	stdout, stderr := os.Stdout, os.Stderr
	os.Stdout, os.Stderr = null, null
	t.Cleanup(func() {
		os.Stdout, os.Stderr = stdout, stderr
		null.Close()
	})
}

// TestQueueOutlivesTotal: the wait in the queue counts for Total, so many requests at once
// need what the README and docs/limits.md say.
func TestQueueOutlivesTotal(t *testing.T) {
	t.Parallel()
	slow := func(w http.ResponseWriter, r *http.Request) {
		pauses(r, time.Minute)
		io.WriteString(w, "ok")
	}
	onWires(t, connector.Config{Limit: 1}, slow, func(t *testing.T, s *session.Session, url string) {
		for _, tt := range []struct {
			total time.Duration
			late  int
		}{{0, 3}, {-1, 0}} {
			var wg sync.WaitGroup
			var mu sync.Mutex
			late := 0
			for range 7 {
				wg.Go(func() {
					resp, err := s.Get(t.Context(), url, session.Timeouts(session.ClientTimeout{Total: tt.total, SockRead: 2 * time.Minute}))
					if err == nil {
						_, err = resp.Text()
					}
					mu.Lock()
					defer mu.Unlock()
					if errors.Is(err, errors.ErrTotalTimeout) {
						late++
					} else if err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			if late != tt.late && late != tt.late-1 { // the fifth comes at the very moment
				t.Errorf("total %v: %d of 7 were too late, want %d", tt.total, late, tt.late)
			}
		}
	})
}

// TestErrorBodyFallsSilent: an error has what is at hand of its body, after a second at
// most.
func TestErrorBodyFallsSilent(t *testing.T) {
	t.Parallel()
	silent := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		w.WriteHeader(http.StatusServiceUnavailable)
		if r.URL.Path == "/words" {
			io.WriteString(w, "drain")
		}
		http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}
	for name, call := range map[string]func(resp *session.Response, err error) error{
		"CheckStatus": func(resp *session.Response, err error) error {
			if err != nil {
				return err
			}
			return resp.CheckStatus()
		},
		"Decode": func(resp *session.Response, err error) error {
			_, err = session.Decode[any](resp, err)
			return err
		},
		"Records": func(resp *session.Response, err error) error {
			return firstError(session.Records[any](resp, err))
		},
		"Events": func(resp *session.Response, err error) error {
			if err != nil {
				return err
			}
			return firstError(resp.Events())
		},
		"Save": func(resp *session.Response, err error) error {
			if err != nil {
				return err
			}
			_, err = resp.Save(resp.Request.Context(), filepath.Join(os.TempDir(), "never"))
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			onWires(t, connector.Config{}, silent, func(t *testing.T, s *session.Session, url string) {
				for path, want := range map[string]string{"words": "drain", "": ""} {
					start := time.Now()
					err := call(s.Get(t.Context(), url+path))
					status, ok := errors.AsType[*errors.ClientResponseError](err)
					if !ok || status.Status != http.StatusServiceUnavailable || string(status.Body) != want || !strings.HasSuffix(err.Error(), want) {
						t.Errorf("%q: got %v, want a 503 with %q", path, err, want)
					}
					if took := time.Since(start); took > time.Second {
						t.Errorf("%q: it took %v, want a second at most", path, took)
					}
				}
			})
		})
	}
}

// TestRefusedSocketFallsSilent: so has the error of a WebSocket that is refused.
func TestRefusedSocketFallsSilent(t *testing.T) {
	t.Parallel()
	silent := func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusServiceUnavailable)
		io.WriteString(w, "drain")
		http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}
	onWires(t, connector.Config{}, silent, func(t *testing.T, s *session.Session, url string) {
		start := time.Now()
		_, err := s.WebSocket(t.Context(), strings.Replace(url, "http", "ws", 1), nil)
		refused, ok := errors.AsType[*errors.WSServerHandshakeError](err)
		if !ok || refused.Status != http.StatusServiceUnavailable || string(refused.Body) != "drain" {
			t.Errorf("got %v, want a 503", err)
		}
		if took := time.Since(start); took != time.Second {
			t.Errorf("it took %v, want a second", took)
		}
	})
}

// TestSentWhileUploading: the bytes of a request that are still under way when the head of
// its response is there are counted as they go.
func TestSentWhileUploading(t *testing.T) {
	t.Parallel()
	got := make(chan int, 1)
	early := func(w http.ResponseWriter, r *http.Request) {
		http.NewResponseController(w).EnableFullDuplex() // HTTP/2 has it anyway
		w.WriteHeader(http.StatusOK)
		http.NewResponseController(w).Flush()
		n, err := io.Copy(io.Discard, r.Body)
		if err != nil {
			n = -1
		}
		got <- int(n)
	}
	onWires(t, connector.Config{}, early, func(t *testing.T, s *session.Session, url string) {
		body, pipe := io.Pipe()
		resp, err := s.Post(t.Context(), url, session.Body(body))
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Millisecond) // of the bubble: the write of the head has returned, too
		before := resp.Timing().Sent
		pipe.Write(make([]byte, 100_000))
		time.Sleep(time.Millisecond) // of the bubble: all have done what they can
		during := resp.Timing().Sent
		if resp.Closed() {
			t.Error("closed while the body is under way")
		}
		pipe.Close()
		if n := <-got; n != 100_000 {
			t.Errorf("the server got %d bytes", n)
		}
		if _, err := resp.Bytes(); err != nil || !resp.Closed() {
			t.Errorf("got %v, closed: %v", err, resp.Closed())
		}
		after := resp.Timing().Sent
		if resp.ProtoMajor == 2 {
			before, during, after = 1, 100_001, 100_002 // no owners there
		}
		if before == 0 || during < before+100_000 || after <= during {
			t.Errorf("sent %d, then %d, then %d", before, during, after)
		}
	})
}

// TestProgressIsSeldom: a large transfer tells of itself a hundred times or every 100 ms,
// and always at its end.
func TestProgressIsSeldom(t *testing.T) {
	t.Parallel()
	const size = 8 << 20 // 256 pieces, which is more than twice the calls that may be
	serve := func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			io.Copy(io.Discard, r.Body)
			return
		}
		if r.URL.Path == "/known" {
			w.Header().Set("Content-Length", strconv.Itoa(size))
		}
		piece := make([]byte, 32<<10)
		for range size / len(piece) {
			w.Write(piece)
		}
	}
	onWires(t, connector.Config{}, serve, func(t *testing.T, s *session.Session, url string) {
		for _, tt := range []struct {
			name, path string
			body       io.Reader
			total      int64
		}{
			{"a download", "known", nil, size},
			{"a download of unknown length", "", nil, -1},
			{"an upload", "", bytes.NewReader(make([]byte, size)), size},
			{"an upload of unknown length", "", io.MultiReader(bytes.NewReader(make([]byte, size))), -1},
		} {
			var calls, ends int
			start := time.Now()
			o := []session.Option{session.Progress(func(done, total int64) {
				if calls++; done == size {
					ends++
				}
				if total != tt.total {
					t.Errorf("%s: total %d, want %d", tt.name, total, tt.total)
				}
			})}
			method := http.MethodGet
			if tt.body != nil {
				method, o = http.MethodPost, append(o, session.Body(tt.body))
			}
			resp, err := s.Request(t.Context(), method, url+tt.path, o...)
			if err == nil {
				_, err = io.Copy(io.Discard, resp.Body)
			}
			most := 2 + int(time.Since(start)/(100*time.Millisecond))
			if tt.total > 0 {
				most += 100
			}
			if err != nil || ends != 1 || calls > most {
				t.Errorf("%s: %d calls, %d at the end, %v, want at most %d", tt.name, calls, ends, err, most)
			}
		}
	})
}
