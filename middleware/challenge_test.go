package middleware_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/internal/racetest"
	"github.com/aiolos-http/aiolos/middleware"
)

func TestAuthChallenges(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		lines []string
		want  string
	}{
		{"none", nil, ""},
		{"empty", []string{"", " , ,"}, ""},
		{"scheme only", []string{"Negotiate"}, "negotiate map[]"},
		{"digest", []string{`Digest realm="a b", nonce="n", qop="auth,auth-int", stale=TRUE`}, "digest map[nonce:n qop:auth,auth-int realm:a b stale:TRUE]"},
		{"names and schemes in any case", []string{`dIGEST ReAlM="x"`}, "digest map[realm:x]"},
		{"several in a line", []string{`Basic realm="b", Digest realm="d", nonce=n, Bearer`}, "basic map[realm:b] digest map[nonce:n realm:d] bearer map[]"},
		{"several lines", []string{`Basic realm="b"`, `Digest realm="d"`}, "basic map[realm:b] digest map[realm:d]"},
		{"token68", []string{`Negotiate YIIabc+/=, Digest realm="d"`}, "negotiate map[] digest map[realm:d]"},
		{"token68 at the end", []string{`NTLM TlRMTVNTUAAC==`}, "ntlm map[]"},
		{"spaces around =", []string{"Digest realm = \"d\" ,\tnonce\t=\tn"}, "digest map[nonce:n realm:d]"},
		{"escapes", []string{`Digest realm="a\"b\\c\d"`}, `digest map[realm:a"b\cd]`},
		{"comma in quotes", []string{`Digest realm="a, Basic realm=b", nonce="n"`}, "digest map[nonce:n realm:a, Basic realm=b]"},
		{"empty value in quotes", []string{`Digest realm=""`}, "digest map[realm:]"},
		{"lone quote", []string{`Digest realm="d", domain="/a, nonce=n`, `Digest realm="e"`}, "digest broken digest map[realm:e]"},
		{"quote at the end", []string{`Digest realm="`}, "digest broken"},
		{"backslash at the end", []string{`Digest realm="\`}, "digest broken"},
		{"no value", []string{`Digest realm=d, nonce=,opaque=o`}, "digest broken"},
		{"twice", []string{`Digest nonce=a, nonce=b`}, "digest broken"},
		{"parameters of nobody", []string{`realm="x", Digest realm="d"`}, "digest map[realm:d]"},
		{"extra commas", []string{`,,Digest realm="d",,,nonce=n,,`}, "digest map[nonce:n realm:d]"},
		{"garbage", []string{"\x00\x01 (), Digest realm=d"}, "digest map[realm:d]"},
		{"brackets", []string{`Digest realm=[d], Basic realm=b`}, "digest broken basic map[realm:b]"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := printChallenges(tt.lines...); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func printChallenges(lines ...string) string {
	var all []string
	schemes, params := middleware.AuthChallenges(lines...)
	for i := range schemes {
		if params[i] == nil {
			all = append(all, schemes[i]+" broken")
		} else {
			all = append(all, fmt.Sprint(schemes[i], " ", params[i]))
		}
	}
	return strings.Join(all, " ")
}

// TestAuthChallengesLinear: a quarter of a megabyte of the worst takes no longer than others of
// its length.
func TestAuthChallengesLinear(t *testing.T) {
	t.Parallel()
	for _, piece := range []string{`"`, `\`, `a="`, `a `, `a=,`, `=`, ` `, `Digest a="\`} {
		t.Run(piece, func(t *testing.T) {
			racetest.CheckLinear(t, 1<<18, func(n int) { middleware.AuthChallenges(strings.Repeat(piece, n/len(piece))) })
		})
	}
}

// FuzzAuthChallenges: what is read, written again and read again is the same.
func FuzzAuthChallenges(f *testing.F) {
	for _, seed := range []string{
		`Digest realm="a", nonce="b", qop="auth"`, `Basic realm="x", Digest realm=y`, `Negotiate abc==`, `Digest realm="`,
		`a b c`, `a=b`, `A a="\"", B b=",", C`, "\x00", `Digest realm="a\\", =, ==`,
	} {
		f.Add(seed)
	}
	quote := strings.NewReplacer(`\`, `\\`, `"`, `\"`)
	f.Fuzz(func(t *testing.T, line string) {
		schemes, params := middleware.AuthChallenges(line)
		for i, scheme := range schemes {
			if params[i] == nil {
				continue
			}
			again := scheme
			for name, value := range params[i] {
				again += " " + name + `="` + quote.Replace(value) + `",`
			}
			if got, want := printChallenges(again), fmt.Sprint(scheme, " ", params[i]); got != want {
				t.Errorf("%q became %q: got %q", line, again, got)
			}
		}
	})
}
