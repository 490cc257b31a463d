package secret_test

import (
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/secret"
)

func TestHeader(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{
		"Authorization": true, "proxy-authorization": true, "Cookie": true, "Set-Cookie": true, "X-Api-Key": true,
		"Ocp-Apim-Subscription-Key": true, "X-KEY": true, "X-Csrf-Token": true, "Client-Secret": true, "Api_Token": true,
		"Access-Control-Allow-Credentials": false, "Access-Control-Request-Headers": false, "Idempotency-Key": false,
		"Sec-WebSocket-Key": false, "Sec-WebSocket-Protocol": false, "Accept": false, "Key": true, "Keep-Alive": false, "X-Keyboard": true, "": false,
	} {
		if got := secret.Header(name); got != want {
			t.Errorf("Header(%q) = %v", name, got)
		}
	}
}

// TestValue: a challenge asks for credentials; only what may be some is hidden.
func TestValue(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, value, want string }{
		{"WWW-Authenticate", "Negotiate", "Negotiate"},
		{"WWW-Authenticate", "Negotiate TlRMTVNTUAAC", "Negotiate ***"},
		{"www-authenticate", "NTLM TlRMTVNTUAAC==", "NTLM ***"},
		{"Proxy-Authenticate", `Basic realm="a, NTLM b="`, `Basic realm="a, NTLM b="`},
		{"Www-Authenticate", `Digest realm="x\"", nonce="n", qop="auth", algorithm=MD5`, `Digest realm="x\"", nonce="n", qop="auth", algorithm=MD5`},
		{"Www-Authenticate", `Bearer error=invalid_token, Negotiate  abc=`, `Bearer error=invalid_token, Negotiate ***`},
		{"Www-Authenticate", "", ""},
		{"Www-Authenticate", ",, ", ",, "},
		{"Authentication-Info", "nextnonce=x", "***"},
		{"Authorization", "Basic abc", "***"},
		{"Set-Cookie", "a=1", "***"},
		{"Accept", "a b", "a b"},
	} {
		if got := secret.Value(tt.name, tt.value); got != tt.want {
			t.Errorf("%s: %s: got %s, want %s", tt.name, tt.value, got, tt.want)
		}
	}
}

func TestParam(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{
		"access_token": true, "api_key": true, "api-key": true, "password": true, "passwd": true, "session_id": true,
		"q": false, "page": false, "key": true, "": false,
	} {
		if got := secret.Param(name); got != want {
			t.Errorf("Param(%q) = %v", name, got)
		}
	}
}

// FuzzValue: a challenge has the same pieces afterwards, and hiding twice is hiding once.
func FuzzValue(f *testing.F) {
	for _, seed := range []string{`Basic realm="a, b"`, "Negotiate abc==, NTLM", `x "\", y`, ",,", "a b c"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		once := secret.Value("WWW-Authenticate", value)
		if twice := secret.Value("WWW-Authenticate", once); twice != once {
			t.Errorf("%q became %q, and that %q", value, once, twice)
		}
		if strings.Count(once, ",") != strings.Count(value, ",") {
			t.Errorf("%q became %q", value, once)
		}
	})
}
