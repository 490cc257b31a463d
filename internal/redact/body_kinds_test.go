package redact_test

import (
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/internal/redact"
)

// TestBodyKinds: what a body is called, or whether it is at all, does not show its secrets;
// the rest of it stays.
func TestBodyKinds(t *testing.T) {
	t.Parallel()
	const multipart = "--b\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\ncanary\r\n--b\r\n" +
		"Content-Disposition: form-data; name=\"text\"\r\n\r\nkept\r\n"
	for _, tt := range []struct{ kind, text, want string }{
		{"", `{"password":"canary","a":1}`, `{"password":"***","a":1}`},
		{"text/plain", `{"password":"canary"}`, `{"password":"***"}`},
		{"text/event-stream", "data: {\"token\":\"canary\"}\n\ndata: kept\n", "data: {\"token\":\"***\"}\n\ndata: kept\n"},
		{"text/html", `<p>kept</p><script>x = {"api_key": "canary"}</script>`, `<p>kept</p><script>x = {"api_key": "***"}</script>`},
		{"application/javascript", `f({"token":"canary"})`, `f({"token":"***"})`},
		{"", "grant_type=x&client_secret=canary", "grant_type=x&client_secret=***"},
		{"", "no form = kept", "no form = kept"},
		{"text/plain", "kept, as it is", "kept, as it is"},
		{"multipart/form-data; boundary=b", multipart + "--b--\r\n", strings.Replace(multipart, "canary", "***", 1) + "--b--\r\n"},
		{"Multipart/Form-Data; Boundary=\"b\"", multipart, strings.Replace(multipart, "canary", "***", 1)},
		{"multipart/form-data; boundary=b", "--b\r\ncontent-disposition: form-data; name=password\r\n\r\ncana", "--b\r\ncontent-disposition: form-data; name=password\r\n\r\n***"},
		{"multipart/mixed; boundary=b", "--b\r\nContent-Type: application/json\r\n\r\n{\"token\":\"canary\"}\r\n--b--", "--b\r\nContent-Type: application/json\r\n\r\n{\"token\":\"***\"}\r\n--b--"},
		{"multipart/form-data", `{"token":"canary"}`, `{"token":"***"}`},
	} {
		if got := redact.Body(tt.kind, tt.text); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.kind, got, tt.want)
		}
	}
}

// FuzzBody: what hides secrets neither panics nor shows one in a part that has its name.
func FuzzBody(f *testing.F) {
	f.Add("multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\nx\r\n--b--")
	f.Add("", `{"a":1}`)
	f.Add("text/plain", `"`)
	f.Fuzz(func(t *testing.T, kind, text string) {
		redact.Body(kind, text)
		if strings.ContainsAny(text, "\r\n") || strings.Contains(text, "--b") || text == "" || strings.Contains(redact.Hidden, text) {
			return
		}
		part := "--b\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\n" + text + "\r\n--b--"
		if got := redact.Body("multipart/form-data; boundary=b", part); strings.Contains(got[strings.Index(got, "\r\n\r\n"):], text) && !strings.Contains("\r\n\r\n***\r\n--b--", text) {
			t.Errorf("%q is shown in %q", text, got)
		}
	})
}
