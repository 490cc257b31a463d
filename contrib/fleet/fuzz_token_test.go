package fleet_test

import (
	"testing"

	"github.com/aiolos-http/aiolos/contrib/fleet"
)

// FuzzStoredToken: whatever stands in Redis is a token with a value, or an error.
func FuzzStoredToken(f *testing.F) {
	for _, text := range []string{``, `{}`, `{"value":"x"}`, `{"value":"x","type":"DPoP"}`, `{"value":1}`, `[`, "\x00\xff", `{"value":""}`} {
		f.Add(text, int64(1000), true)
		f.Add(text, int64(-1), false)
	}
	f.Fuzz(func(t *testing.T, text string, left int64, sealed bool) {
		token, err := fleet.OpenStored(text, left, sealed)
		if (err == nil) == (token.Value == "") {
			t.Errorf("got %d bytes and %v, want a token or an error", len(token.Value), err)
		}
		if sealed && err == nil {
			t.Error("got a token that nobody has sealed")
		}
	})
}
