package fleet_test

import (
	"testing"

	"github.com/aiolos-http/aiolos/internal/leak"

	"github.com/aiolos-http/aiolos/contrib/fleet/internal/procs"
)

// roles are what the tests run in processes of their own. The files that need one add it
// in an init function.
var roles = procs.Roles{}

func TestMain(m *testing.M) {
	procs.Main(roles)
	leak.Main(m)
}
