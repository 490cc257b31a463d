package tunnel_test

import (
	"fmt"
	"net/url"
	"strings"
	"syscall"
	"testing"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/tunnel"
	"github.com/aiolos-http/aiolos/internal/wiretest"
)

const bound = "\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00" // success, no address

// converse is a proxy that gives its answers in turn, each after a message as
// long as the wanted one, in pieces.
func converse(want, answers []string, piece int, after func(*wiretest.Conn)) func(*wiretest.Conn) {
	return func(c *wiretest.Conn) {
		for i, message := range want {
			if _, ok := c.ReadBody(len(message)); !ok {
				return
			}
			c.WriteSlow(answers[i], piece, 0)
		}
		after(c)
	}
}

func TestSOCKS5(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("n", 255)
	none, both := "\x05\x01\x00", "\x05\x02\x00\x02"
	tests := []struct {
		name, target string
		user         *url.Userinfo
		want         []string
		answers      []string
	}{
		{
			"name", "origin.example:443", nil,
			[]string{none, "\x05\x01\x00\x03\x0eorigin.example\x01\xbb"},
			[]string{"\x05\x00", bound},
		},
		{
			"longest name", long + ":80", nil,
			[]string{none, "\x05\x01\x00\x03\xff" + long + "\x00\x50"},
			[]string{"\x05\x00", bound},
		},
		{
			"IPv4", "192.0.2.1:8080", nil,
			[]string{none, "\x05\x01\x00\x01\xc0\x00\x02\x01\x1f\x90"},
			[]string{"\x05\x00", bound},
		},
		{
			"IPv4 in IPv6", "[::ffff:192.0.2.1]:80", nil,
			[]string{none, "\x05\x01\x00\x01\xc0\x00\x02\x01\x00\x50"},
			[]string{"\x05\x00", bound},
		},
		{
			"IPv6, and so in the answer", "[2001:db8::1]:65535", nil,
			[]string{none, "\x05\x01\x00\x04\x20\x01\x0d\xb8" + strings.Repeat("\x00", 11) + "\x01\xff\xff"},
			[]string{"\x05\x00", "\x05\x00\x00\x04" + strings.Repeat("\x01", 18)},
		},
		{
			"an answer with a name", target, nil,
			[]string{none, "\x05\x01\x00\x03\x0eorigin.example\x01\xbb"},
			[]string{"\x05\x00", "\x05\x00\x00\x03\x04host\x00\x50"},
		},
		{
			"an answer with a reserved byte", target, nil,
			[]string{none, "\x05\x01\x00\x03\x0eorigin.example\x01\xbb"},
			[]string{"\x05\x00", "\x05\x00\x07\x03\x00\x00\x50"},
		},
		{
			"user", target, url.UserPassword("me", canary),
			[]string{both, "\x01\x02me\x0d" + canary, "\x05\x01\x00\x03\x0eorigin.example\x01\xbb"},
			[]string{"\x05\x02", "\x01\x00", bound},
		},
		{
			"user that nobody asks for", target, url.UserPassword("me", canary),
			[]string{both, "\x05\x01\x00\x03\x0eorigin.example\x01\xbb"},
			[]string{"\x05\x00", bound},
		},
		{
			"user without a password", target, url.User("me"),
			[]string{both, "\x01\x02me\x00", "\x05\x01\x00\x03\x0eorigin.example\x01\xbb"},
			[]string{"\x05\x02", "\x01\x00", bound},
		},
		{
			"longest user", target, url.UserPassword(long, long),
			[]string{both, "\x01\xff" + long + "\xff" + long, "\x05\x01\x00\x03\x0eorigin.example\x01\xbb"},
			[]string{"\x05\x02", "\x01\x00", bound},
		},
		{
			"empty user", target, url.UserPassword("", ""),
			[]string{none, "\x05\x01\x00\x03\x0eorigin.example\x01\xbb"},
			[]string{"\x05\x00", bound},
		},
	}
	for _, tt := range tests {
		for _, piece := range []int{1, 1 << 10} {
			t.Run(tt.name, func(t *testing.T) {
				t.Parallel()
				early := func(c *wiretest.Conn) { c.Write("early"); echo(c) }
				bubble(t, converse(tt.want, tt.answers, piece, early), func(t *testing.T, srv *wiretest.Server, w *watched) {
					nc, err := tunnel.SOCKS5(t.Context(), w, tt.target, tt.user)
					wantUsable(t, nc, err, w)
					if got, want := srv.Received(0), strings.Join(tt.want, ""); got != want {
						t.Errorf("got %q, want %q", got, want)
					}
					talk(t, nc, "early")
				})
			})
		}
	}
}

func TestSOCKS5Refused(t *testing.T) {
	t.Parallel()
	request := func(code string) []string { return []string{"\x05\x00", "\x05" + code} }
	tests := []struct {
		name    string
		user    *url.Userinfo
		answers []string
		want    tunnel.SOCKSError
		text    string
		errno   error
	}{
		{"no method", nil, []string{"\x05\xff"}, tunnel.SOCKSError{"method", 255}, "no acceptable authentication method (code 255)", nil},
		{"no user", url.UserPassword("me", canary), []string{"\x05\x02", "\x01\x01"}, tunnel.SOCKSError{"user", 1}, "user or password not accepted (code 1)", nil},
		{"failure", nil, request("\x01"), tunnel.SOCKSError{"request", 1}, "general failure of the proxy (code 1)", nil},
		{"ruleset", nil, request("\x02"), tunnel.SOCKSError{"request", 2}, "connection not allowed by ruleset (code 2)", nil},
		{"network", nil, request("\x03"), tunnel.SOCKSError{"request", 3}, "network unreachable (code 3)", syscall.ENETUNREACH},
		{"host", nil, request("\x04"), tunnel.SOCKSError{"request", 4}, "host unreachable (code 4)", syscall.EHOSTUNREACH},
		{"refused", nil, request("\x05"), tunnel.SOCKSError{"request", 5}, "connection refused (code 5)", syscall.ECONNREFUSED},
		{"ttl", nil, request("\x06"), tunnel.SOCKSError{"request", 6}, "time to live expired (code 6)", nil},
		{"command", nil, request("\x07"), tunnel.SOCKSError{"request", 7}, "command not supported (code 7)", nil},
		{"address", nil, request("\x08"), tunnel.SOCKSError{"request", 8}, "address type not supported (code 8)", nil},
		{"unknown", nil, request("\x09"), tunnel.SOCKSError{"request", 9}, "unknown code (code 9)", nil},
		{"last", nil, request("\xff"), tunnel.SOCKSError{"request", 255}, "unknown code (code 255)", nil},
		{"with an address", nil, request("\x05\x00\x01\x00\x00\x00\x00\x00\x00"), tunnel.SOCKSError{"request", 5}, "connection refused (code 5)", syscall.ECONNREFUSED},
	}
	errnos := []error{syscall.ENETUNREACH, syscall.EHOSTUNREACH, syscall.ECONNREFUSED}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			bubble(t, answering(tt.user, tt.answers), func(t *testing.T, _ *wiretest.Server, w *watched) {
				nc, err := tunnel.SOCKS5(t.Context(), w, target, tt.user)
				wantFailed(t, nc, err, w, errors.ErrClientProxyConnection)
				if got, ok := errors.AsType[*tunnel.SOCKSError](err); !ok || *got != tt.want {
					t.Errorf("got %+v, want %+v", got, tt.want)
				}
				if want := "socks5: " + tt.text; err.Error() != want {
					t.Errorf("got %q, want %q", err, want)
				}
				for _, errno := range errnos {
					if got := errors.Is(err, errno); got != (errno == tt.errno) {
						t.Errorf("is %v: got %v", errno, got)
					}
				}
			})
		})
	}
}

// answering is a proxy for the target that does not look at what it is sent, and
// hangs when it has no more answers.
func answering(user *url.Userinfo, answers []string) func(*wiretest.Conn) {
	want := []string{"123", "\x05\x01\x00\x03\x0eorigin.example\x01\xbb"}
	if user != nil {
		password, _ := user.Password()
		want = []string{"1234", "\x01\x00\x00" + user.Username() + password, want[1]}
	}
	return converse(want[:len(answers)], answers, 1<<10, (*wiretest.Conn).Stall)
}

func TestSOCKS5Garbage(t *testing.T) {
	t.Parallel()
	me := url.UserPassword("me", canary)
	tests := []struct {
		name    string
		user    *url.Userinfo
		answers []string
	}{
		{"HTTP", nil, []string{"HTTP/1.1 400 Bad Request\r\n\r\n"}},
		{"version 4", nil, []string{"\x04\x00"}},
		{"user without an offer", nil, []string{"\x05\x02"}},
		{"GSSAPI", me, []string{"\x05\x01"}},
		{"version of the user's answer", me, []string{"\x05\x02", "\x05\x00"}},
		{"version of the answer", nil, []string{"\x05\x00", "\x00\x5a"}},
		{"type of address", nil, []string{"\x05\x00", "\x05\x00\x00\x02\x00\x00"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			bubble(t, answering(tt.user, tt.answers), func(t *testing.T, _ *wiretest.Server, w *watched) {
				nc, err := tunnel.SOCKS5(t.Context(), w, target, tt.user)
				wantFailed(t, nc, err, w, errors.ErrClientProxyConnection)
				if e, ok := errors.AsType[*tunnel.Error](err); !ok || e.Kind != nil || !strings.HasPrefix(err.Error(), "socks5: ") {
					t.Errorf("got %v, want an *Error of socks5", err)
				}
			})
		})
	}
}

func TestSOCKS5Invalid(t *testing.T) {
	t.Parallel()
	const user = "proxy user: SOCKS needs a name of 1 to 255 bytes and a password of at most 255"
	type test struct {
		name, target string
		user         *url.Userinfo
		want         string
	}
	long := canary + strings.Repeat("n", 250)
	tests := []test{
		{"long user", target, url.User(long), user},
		{"long password", target, url.UserPassword("me", long), user},
		{"password alone", target, url.UserPassword("", canary), user},
	}
	for bad, why := range badTargets() {
		tests = append(tests, test{"target " + bad, bad, nil, "tunnel target: " + why})
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			bubble(t, (*wiretest.Conn).Stall, func(t *testing.T, srv *wiretest.Server, w *watched) {
				nc, err := tunnel.SOCKS5(t.Context(), w, tt.target, tt.user)
				wantFailed(t, nc, err, w, errors.ErrInvalidRequest)
				if want := "invalid " + tt.want; err.Error() != want {
					t.Errorf("got %q, want %q", err, want)
				}
				if sent := srv.Received(0); sent != "" {
					t.Errorf("sent %q, want nothing", sent)
				}
			})
		})
	}
}

func ExampleSOCKSError() {
	err := error(&tunnel.SOCKSError{Stage: tunnel.StageRequest, Code: 5})
	fmt.Println(err, errors.Is(err, syscall.ECONNREFUSED))
	// Output: socks5: connection refused (code 5) true
}
