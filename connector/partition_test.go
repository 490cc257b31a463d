package connector_test

import (
	"crypto/tls"
	"runtime"
	"testing"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/internal/httprule"
)

// A configuration that has gone takes its name along: none that comes later, perhaps
// at the same address, has it. Nor are the names kept.
func TestPartitionOfConfigs(t *testing.T) {
	t.Parallel()
	partition := func(cfg *tls.Config) string {
		return httprule.PartitionOf(connector.WithSettings(t.Context(), connector.Settings{TLS: &connector.TLSPolicy{Config: cfg}}))
	}
	seen := map[string]bool{}
	before := connector.ConfigIDs()
	for range 20 {
		for range 100 {
			cfg := &tls.Config{}
			name := partition(cfg)
			if name == "" || seen[name] || name != partition(cfg) {
				t.Fatalf("got %q, want a name of its own, and always the same", name)
			}
			seen[name] = true
			runtime.KeepAlive(cfg)
		}
		runtime.GC()
	}
	for range 100 { // cleanups run in a goroutine of the runtime's
		if runtime.GC(); connector.ConfigIDs()-before < 500 {
			return
		}
		runtime.Gosched()
	}
	t.Errorf("got %d names of configurations that have gone", connector.ConfigIDs()-before)
}
