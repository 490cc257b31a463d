package debug_test

import (
	"testing"

	"github.com/aiolos-http/aiolos/internal/leak"
)

func TestMain(m *testing.M) { leak.Main(m) }
