//go:build race

package connector_test

import "github.com/aiolos-http/aiolos/connector/internal/h1"

// lentBuffers is how many buffers of h1's exchanges hold. They are counted, and checked for
// being used after they were given back, with the race detector only.
func lentBuffers() int {
	readers, writers := h1.LentBuffers()
	return readers + writers
}
