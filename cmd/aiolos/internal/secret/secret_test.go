package secret_test

import (
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
