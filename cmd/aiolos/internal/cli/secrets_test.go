package cli_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// twoOrigins are a server that redirects to another one, on another port, and
// what that one was sent.
func twoOrigins(t *testing.T) (url string, sent func() http.Header) {
	t.Helper()
	var mu sync.Mutex
	var last http.Header
	far := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		last = r.Header.Clone()
	}))
	t.Cleanup(far.Close)
	near := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/stay" {
			http.Redirect(w, r, "/here", http.StatusFound)
			return
		}
		if r.URL.Path == "/here" {
			mu.Lock()
			defer mu.Unlock()
			last = r.Header.Clone()
			return
		}
		http.Redirect(w, r, far.URL, http.StatusFound)
	}))
	t.Cleanup(near.Close)
	return near.URL, func() http.Header {
		mu.Lock()
		defer mu.Unlock()
		return last
	}
}

// secretItems are headers that name a secret, and open ones that do not.
func secretItems() (secret, open []string) {
	return []string{"X-Api-Key", "Authorization", "Cookie", "X-Auth-Token", "My-Secret", "X-Access-Key", "Private-Token", "X-Session-Id"},
		[]string{"X-Trace", "Accept-Language", "X-Board"}
}

// TestSecretsStay: a header that names a secret does not go to another origin, and
// goes along on the same one.
func TestSecretsStay(t *testing.T) {
	t.Parallel()
	secret, open := secretItems()
	items := func(form string) (args []string) {
		for _, name := range append(append([]string{}, secret...), open...) {
			text := strings.ReplaceAll(form, "NAME", name)
			args = append(args, strings.Fields(text)...)
		}
		return args
	}
	for _, tt := range []struct {
		name string
		args func(url string) []string
	}{
		{"items", func(url string) []string { return append([]string{url}, items("NAME:canary")...) }},
		{"flags", func(url string) []string { return append([]string{url}, items("-H NAME:canary")...) }},
		{"get", func(url string) []string {
			return append([]string{"get", "-d", t.TempDir(), url}, items("-H NAME:canary")...)
		}},
		{"time", func(url string) []string { return append([]string{"time", url}, items("-H NAME:canary")...) }},
		{"put", func(url string) []string { return append([]string{"put", url, "-"}, items("NAME:canary")...) }},
		{"curl", func(url string) []string {
			return []string{"curl", "curl -L " + url + " " + strings.Join(items("-H NAME:canary"), " ")}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			url, sent := twoOrigins(t)
			if got := run(t.Context(), streams(), tt.args(url+"/x")...); got.code != 0 {
				t.Fatalf("%+v", got)
			}
			for _, name := range secret {
				if sent().Get(name) != "" {
					t.Errorf("%s went to another origin", name)
				}
			}
			for _, name := range open {
				if sent().Get(name) != "canary" {
					t.Errorf("%s did not go along", name)
				}
			}
			if got := run(t.Context(), streams(), tt.args(url+"/stay")...); got.code != 0 {
				t.Fatalf("%+v", got)
			}
			for _, name := range append(append([]string{}, secret...), open...) {
				if sent().Get(name) != "canary" {
					t.Errorf("on the same origin %s is lost", name)
				}
			}
		})
	}
}

// TestAuth: -a asks for the password, sends it, and shows it nowhere.
func TestAuth(t *testing.T) {
	t.Parallel()
	url, sent := twoOrigins(t)
	asked := 0
	s := streams()
	s.Password = func(_ context.Context, prompt string) (string, error) {
		asked++
		if prompt != "password of me: " {
			t.Errorf("asked %q", prompt)
		}
		return "canary", nil
	}
	const basic = "Basic bWU6Y2FuYXJ5"
	for _, args := range [][]string{
		{"-a", "me", "-v", url + "/stay"},
		{"get", "-a", "me", "-d", t.TempDir(), url + "/stay"},
		{"put", "-a", "me", url + "/stay", "-"},
		{"time", "-a", "me", "-n", "2", url + "/stay"},
		{"bench", "-a", "me", "-n", "2", "-c", "1", url + "/here"},
		{"curl", "curl -L -u me " + url + "/stay"},
	} {
		asked = 0
		got := run(t.Context(), s, args...)
		if got.code != 0 || asked != 1 || sent().Get("Authorization") != basic {
			t.Errorf("%q: %+v, asked %d times, sent %q", args, got, asked, sent().Get("Authorization"))
		}
		if text := got.out + got.err; strings.Contains(text, "canary") || strings.Contains(text, basic) {
			t.Errorf("%q shows the password: %+v", args, got)
		}
	}
	if got := run(t.Context(), s, "-a", "me", url); got.code != 0 || sent().Get("Authorization") != "" {
		t.Errorf("another origin got the password: %+v", got)
	}
	if got := run(t.Context(), s, "-a", "me", "-v", "--show-secrets", url+"/here"); !strings.Contains(got.out, basic) {
		t.Errorf("--show-secrets: %+v", got)
	}
	asked = 0
	got := run(t.Context(), s, "--offline", "-a", "me", "--show-secrets", "h.example")
	if asked != 1 || !strings.Contains(got.out, "Authorization: "+basic) {
		t.Errorf("--offline: %+v", got)
	}
	asked = 0
	got = run(t.Context(), s, "--curl", "-a", "me", "h.example")
	if asked != 0 || !strings.Contains(got.out, "-u me ") || strings.Contains(got.out, "Authorization") {
		t.Errorf("--curl: %+v", got)
	}
	got = run(t.Context(), s, "--go", "-a", "me", "h.example")
	if asked != 0 || !strings.Contains(got.out, `session.BasicAuth("me", os.Getenv("PASSWORD")),`) {
		t.Errorf("--go: %+v", got)
	}
}

func TestAuthErrors(t *testing.T) {
	t.Parallel()
	s := streams()
	got := run(t.Context(), s, "-a", "me", "h.example")
	if got.code != 2 || !strings.Contains(got.err, "no terminal") {
		t.Errorf("nobody to ask: %+v", got)
	}
	s.Password = func(context.Context, string) (string, error) { return "", errors.New("hangup") }
	if got = run(t.Context(), s, "-a", "me", "h.example"); got.code != 2 || !strings.Contains(got.err, "hangup") {
		t.Errorf("asking fails: %+v", got)
	}
	if got = run(t.Context(), s, "--curl", "-a", "me:canary", "h.example"); got.code != 0 || strings.Contains(got.out+got.err, "canary") || !strings.Contains(got.err, "in the history") {
		t.Errorf("a password on the command line: %+v", got)
	}
	ctx, cancel := context.WithCancel(t.Context())
	s.Password = func(context.Context, string) (string, error) { cancel(); return "", ctx.Err() }
	if got = run(ctx, s, "-a", "me", "h.example"); got.code != 130 {
		t.Errorf("interrupted: %+v", got)
	}
}

// TestHeaderFlag: -H sets headers, from files too, and items count more.
func TestHeaderFlag(t *testing.T) {
	t.Parallel()
	url, sent := twoOrigins(t)
	file := filepath.Join(t.TempDir(), "headers")
	if err := os.WriteFile(file, []byte("X-A: from a file\r\n\nX-B:b\nX-E;\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	got := run(t.Context(), streams(), url+"/here", "-H", "@"+file, "-H", "User-Agent: me", "-H", "X-C: flag", "-H", "Accept:", "X-C:item")
	want := http.Header{"X-A": {"from a file"}, "X-B": {"b"}, "X-E": {""}, "X-C": {"item"}, "User-Agent": {"me"}}
	for name, values := range want {
		if have := sent()[name]; strings.Join(have, "|") != strings.Join(values, "|") || have == nil {
			t.Errorf("%s: %q, want %q", name, have, values)
		}
	}
	if _, there := sent()["Accept"]; there || got.code != 0 {
		t.Errorf("%+v, %v", got, sent())
	}
	for _, args := range [][]string{{"-H", "canary"}, {"-H", "@/no/such"}, {"-H", "A B: c"}, {"-H", "A: b\nC: d"}} {
		if got := run(t.Context(), streams(), append([]string{url}, args...)...); got.code != 2 || strings.Contains(got.err, "canary") {
			t.Errorf("%q: %+v", args, got)
		}
	}
}
