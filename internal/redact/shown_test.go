package redact_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/session"
	"github.com/aiolos-http/aiolos/ws"
)

// TestWhatIsShown: what is no secret can be read, in each form.
func TestWhatIsShown(t *testing.T) {
	t.Parallel()
	config := session.Config{
		BaseURL: "https://login:canary@h.example/?q=canary", TrustEnv: true,
		Timeout: session.ClientTimeout{Total: time.Minute},
		Options: []session.Option{session.Header("Accept", "text/plain"), session.Bearer("canary")},
	}
	for _, test := range []struct {
		v               any
		text, json, log string
	}{
		{
			config,
			`session.Config{BaseURL: "https://***@h.example/?q=***", Timeout: connector.ClientTimeout{Total: 1m0s}, Options: [Header("Accept", "text/plain") Bearer(***)], TrustEnv: true}`,
			`{"BaseURL":"https://***@h.example/?q=***","Timeout":{"Total":"1m0s"},"Options":["Header(\"Accept\", \"text/plain\")","Bearer(***)"],"TrustEnv":true}`,
			`v="session.Config{BaseURL: \"https://***@h.example/?q=***\", Timeout: connector.ClientTimeout{Total: 1m0s}, Options: [Header(\"Accept\", \"text/plain\") Bearer(***)], TrustEnv: true}"`,
		},
		{
			&connector.Proxy{URL: &url.URL{Scheme: "http", Host: "p:3128"}, Auth: url.User("canary"), Header: http.Header{"B": {"1"}, "A": {"1"}}},
			`connector.Proxy{URL: "http://p:3128", Auth: ***, Header: {A: ***, B: ***}}`,
			`{"URL":"http://p:3128","Auth":"***","Header":{"A":"***","B":"***"}}`,
			`v="connector.Proxy{URL: \"http://p:3128\", Auth: ***, Header: {A: ***, B: ***}}"`,
		},
		{middleware.Token{Value: "canary", Type: "DPoP"}, `middleware.Token{Value: ***, Type: "DPoP"}`, `{"Value":"***","Type":"DPoP"}`, `v="middleware.Token{Value: ***, Type: \"DPoP\"}"`},
		{middleware.Token{Expiry: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}, `middleware.Token{Expiry: 2026-01-02T03:04:05Z}`, `{"Expiry":"2026-01-02T03:04:05Z"}`, `v="middleware.Token{Expiry: 2026-01-02T03:04:05Z}"`},
		{(*ws.Options)(nil), `<nil>`, `null`, `v=<nil>`},
		{(*session.Session)(nil), `<nil>`, `null`, `v=<nil>`},
		{secretJar(), `jar.Jar{Len: 1}`, `{}`, `v="jar.Jar{Len: 1}"`},
		{ws.Options{}, `ws.Options{}`, `{}`, `v=ws.Options{}`},
	} {
		if got := fmt.Sprint(test.v); got != test.text {
			t.Errorf("got  %s\nwant %s", got, test.text)
		}
		if got, err := json.Marshal(test.v); err != nil || string(got) != test.json {
			t.Errorf("got  %s, %v\nwant %s", got, err, test.json)
		}
		var b strings.Builder
		slog.New(slog.NewTextHandler(&b, nil)).Info("m", "v", test.v)
		if _, got, _ := strings.Cut(b.String(), "msg=m"); strings.TrimSpace(got) != test.log {
			t.Errorf("got  %s\nwant %s", got, test.log)
		}
	}
}
