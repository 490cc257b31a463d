//go:build interop

package fleet_test

import "time"

// defaultTimeout is the default with servers that are made to stand still.
const defaultTimeout = time.Duration(0)
