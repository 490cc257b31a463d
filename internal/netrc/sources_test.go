package netrc_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/internal/netrc"
)

// source is a file as somebody's documentation or program has it, and what it means.
type source struct {
	Name, Source, Text string
	Want               map[string][]string // by host: login and password, or null for none
	Logins             map[string]*string  // by "host login": the password, or null for none
}

func sources(tb testing.TB) []source {
	tb.Helper()
	raw, err := os.ReadFile("testdata/sources.json")
	if err != nil {
		tb.Fatal(err)
	}
	var all []source
	if err := json.Unmarshal(raw, &all); err != nil || len(all) < 20 {
		tb.Fatalf("got %d sources, %v", len(all), err)
	}
	return all
}

// TestSources: files as the manuals show them and programs write them.
func TestSources(t *testing.T) {
	t.Parallel()
	for _, tt := range sources(t) {
		t.Run(tt.Name, func(t *testing.T) {
			t.Parallel()
			f, err := netrc.Parse(tt.Text)
			if err != nil || tt.Source == "" || len(tt.Want) == 0 {
				t.Fatalf("got %v; from %q", err, tt.Source)
			}
			for host, want := range tt.Want {
				wantFound(t, f, host, want...)
			}
			for key, want := range tt.Logins {
				host, login, _ := strings.Cut(key, " ")
				password, ok := f.FindLogin(host, login)
				if ok != (want != nil) || ok && password != *want || !ok && password != "" {
					t.Errorf("%s: got %q, %v", key, password, ok)
				}
			}
		})
	}
}

// TestUnknownWords: what other programs have put into an entry is passed over, wherever it
// stands, and ends no entry.
func TestUnknownWords(t *testing.T) {
	t.Parallel()
	for _, words := range []string{"method interactive", "protocol https", "port 993", "port 993 protocol imaps", "force yes", `note "a b"`, `""`, "x", "#password"} {
		for name, text := range map[string]string{
			"after the name": "machine a.example " + words + "\nlogin alice password secret\n",
			"in between":     "machine a.example login alice\n" + words + "\npassword secret\n",
			"at the end":     "machine a.example login alice password secret\n" + words + "\nmachine b.example login bob\n",
			"of another one": "machine b.example " + words + "\n\nmachine a.example login alice password secret",
			"of the default": "default login d " + words + "\nmachine a.example login alice password secret",
		} {
			f, err := netrc.Parse(text)
			if err != nil {
				t.Errorf("%s, %s: %v", words, name, err)
				continue
			}
			wantFound(t, f, "a.example", "alice", "secret")
		}
	}
}

func TestFindLoginNil(t *testing.T) {
	t.Parallel()
	for _, f := range []*netrc.File{nil, {}} {
		if password, ok := f.FindLogin("a.example", "a"); ok || password != "" {
			t.Errorf("got %q, %v", password, ok)
		}
	}
}
