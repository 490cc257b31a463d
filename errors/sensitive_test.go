package errors_test

import (
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/errors"
)

// The documentation has the lists of the code.
func TestSensitiveNamesAreDocumented(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../SECURITY.md")
	if err != nil {
		t.Fatal(err)
	}
	if want := errors.SensitiveText(); !strings.Contains(string(text), want) {
		t.Errorf("SECURITY.md lacks\n%s", want)
	}
}

func TestSensitiveHeader(t *testing.T) { //nolint:paralleltest // it counts allocations
	for name, want := range map[string]bool{
		"Authorization": true, "x-api-KEY": true, "X-Key-Id": true, "Ocp-Apim-Subscription-Key": true, "Dpop": true, "DPoP-Nonce": true,
		"X-Goog-Iap-Jwt-Assertion": true, "x-goog-iap-jwt": true, "X-Amz-Security-Token": true, "Www-Authenticate": true, "X-Passwd": true,
		"Idempotency-Key": false, "x-idempotency-KEY": false, "Sec-Websocket-Key": false, "Access-Control-Allow-Credentials": false,
		"Accept": false, "Refresh": false, "": false, "Content-Type": false, "X-Ke": false,
	} {
		if got := errors.SensitiveHeader(name); got != want {
			t.Errorf("%q: got %v, want %v", name, got, want)
		}
	}
	if n := testing.AllocsPerRun(10, func() { errors.SensitiveHeader("X-Some-Long-Name-Of-A-Header-Token") }); n != 0 {
		t.Errorf("got %v allocations, want none", n)
	}
}

func TestHeaderURLs(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, value, want string }{
		{"Refresh", "0; url=https://h/?k=canary", "0; url=https://h/?k=***"},
		{"refresh", `5,URL = "https://u:canary@h/#canary"`, `5,URL = "https://***@h/`},
		{"Refresh", "5 /next?k=canary", "5 /next?k=***"},
		{"Refresh", "5", "5"},
		{"Location", "/x?k=canary", "/x?k=***"},
		{"uri", "http://h/?canary", "http://h/?***"},
		{"Link", `<https://h/?k=canary>; rel="next", </a#canary>`, `<https://h/?k=***>; rel="next", </a>`},
		{"Link", `</a>; rel="x y"; anchor="https://u:canary@h/?k=canary"; title="b"`, `</a>; rel="x y"; anchor="https://***@h/?k=***"; title="b"`},
		{"Link", `https://h/?k=canary; rel=next`, `https://h/?k=***`},
		{"Link", `</a?k=canary`, `</a?k=***>`},
		{"Accept", "a/b?k=c", "a/b?k=c"},
		{"X-Api-Key", "canary", "***"},
	} {
		if got := errors.RedactHeader(http.Header{tt.name: {tt.value}})[tt.name][0]; got != tt.want {
			t.Errorf("%s: %s: got %q, want %q", tt.name, tt.value, got, tt.want)
		}
	}
}
