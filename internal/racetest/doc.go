// Package racetest tells tests whether the race detector is on. It allocates by
// itself, empties pools at random and makes everything slower: counts of allocations
// and large loads mean nothing with it.
package racetest
