//go:build !race

package proxyenv_test

const raceEnabled = false
