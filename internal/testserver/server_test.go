package testserver_test

import (
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/internal/testserver"
)

// inBubble runs f with a client of a server, where time is fake.
func inBubble(t *testing.T, f func(t *testing.T, url string, client *http.Client)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		srv, err := testserver.Start()
		if err != nil {
			t.Fatal(err)
		}
		tr := &http.Transport{DialContext: srv.DialContext}
		defer func() {
			tr.CloseIdleConnections()
			if err := srv.Close(); err != nil {
				t.Error(err)
			}
		}()
		f(t, srv.URL, &http.Client{Transport: tr})
	})
}

func TestSlow(t *testing.T) {
	t.Parallel()
	for target, want := range map[string]struct{ head, end time.Duration }{
		"/delay/1.5":                         {1500 * time.Millisecond, 1500 * time.Millisecond},
		"/delay/5m":                          {5 * time.Minute, 5 * time.Minute},
		"/drip":                              {0, 2 * time.Second},
		"/drip?n=4&duration=3s&delay=1m":     {time.Minute, time.Minute + 3*time.Second},
		"/drip?n=1&duration=3s&delay=0.0625": {62500 * time.Microsecond, 62500 * time.Microsecond},
	} {
		t.Run(target, func(t *testing.T) {
			t.Parallel()
			inBubble(t, func(t *testing.T, url string, client *http.Client) {
				start := time.Now()
				resp, err := client.Get(url + target)
				if err != nil {
					t.Fatal(err)
				}
				defer resp.Body.Close()
				if got := time.Since(start); got != want.head {
					t.Errorf("head: after %v, want %v", got, want.head)
				}
				if _, err := io.Copy(io.Discard, resp.Body); err != nil {
					t.Error(err)
				}
				if got := time.Since(start).Round(time.Microsecond); got != want.end {
					t.Errorf("end: after %v, want %v", got, want.end)
				}
			})
		})
	}
}

// The echo comes back while the body is still sent.
func TestEcho(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, url string, client *http.Client) {
		body, send := io.Pipe()
		defer send.Close()
		go io.WriteString(send, "one")
		resp, err := client.Post(url+"/echo", "text/x-test", body)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if got := resp.Header.Get("Content-Type"); got != "text/x-test" {
			t.Errorf("type: got %q", got)
		}
		for _, part := range []string{"one", "two", "three"} {
			if part != "one" {
				go io.WriteString(send, part)
			}
			got := make([]byte, len(part))
			if _, err := io.ReadFull(resp.Body, got); err != nil || string(got) != part {
				t.Errorf("got %q, %v; want %q", got, err, part)
			}
		}
		send.Close()
		if rest, err := io.ReadAll(resp.Body); len(rest) > 0 || err != nil {
			t.Errorf("the end: got %q, %v", rest, err)
		}
	})
}

// A client that goes ends a handler that waits.
func TestClientGone(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, url string, client *http.Client) {
		client.Timeout = time.Second
		start := time.Now()
		for _, target := range []string{"/delay/10m", "/drip?delay=10m"} {
			if resp, err := client.Get(url + target); err == nil {
				resp.Body.Close()
				t.Errorf("%s: got no error", target)
			}
		}
		synctest.Wait()
		if got := time.Since(start); got != 2*time.Second {
			t.Errorf("after %v, want 2s", got)
		}
	})
}
