// Package console is the console of "aiolos ws": lines go out as messages, and
// messages are printed as they come.
package console
