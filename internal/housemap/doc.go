// Package housemap draws the map of the packages that CONTRIBUTING.md shows: what each
// is for, in the first sentence of its documentation, and which imports the linter
// forbids, out of the rules of depguard in .golangci.yml.
package housemap
