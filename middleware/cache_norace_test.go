//go:build !race

package middleware_test

const cacheRace = false
