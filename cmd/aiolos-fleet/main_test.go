package main

import (
	"os"
	"testing"
)

// programVariable has the test's program be aiolos-fleet.
const programVariable = "AIOLOS_FLEET_IS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(programVariable) != "" {
		os.Exit(run())
	}
	os.Exit(m.Run())
}
