// Package happyeyeballs connects to the first of several addresses that answers
// (RFC 8305 section 5). The addresses are resolved, filtered and sorted before;
// this package alternates the families and runs the race.
package happyeyeballs
