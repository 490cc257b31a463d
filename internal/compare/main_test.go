//go:build interop

package compare_test

import (
	"flag"
	"testing"

	"github.com/aiolos-http/aiolos/internal/leak"
)

var update = flag.Bool("update", false, "write the list of differences anew")

func TestMain(m *testing.M) { leak.Main(m) }
