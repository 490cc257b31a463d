//go:build !interop

package fleet_test

// defaultTimeout is a fleet's Timeout where a test has none: a machine that stands still is no Redis
// that does not answer.
const defaultTimeout = testTimeout
