// Package cli puts the commands of aiolos together: the tree of commands, the files of
// flags, the help, and the exit code of a call. Everything that the program does with
// HTTP is an exported call of the library.
//
// Imports point down:
//
//	cli                        the tree of commands
//	cmd/*                      a package a command; none imports another
//	exchange                   one request, sent and shown, or printed
//	flags                      what several commands share of flags
//	app, complete              the streams and notices of a call; completion
//	download, console, bench,  what a command is about, and the forms that
//	curlconv, gosrc, har, ...  its input and output have
//	render, syntax, exitcode   text for terminals, the items, the exit codes
package cli
