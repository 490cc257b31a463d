// Package cli is the command line of aiolos: flags, commands, what is printed
// where, and the exit code. Everything that it does with HTTP is an exported
// call of the library.
package cli
