// Package cli puts the commands of aiolos-fleet together.
//
// Imports point down:
//
//	cli                            the tree of commands, their flags and texts
//	push, work, status, archive,   what the commands do
//	demo
//	stats, task, conn              what stands in Redis, and the way there
//	app, exitcode                  the streams and notices of a call; exit codes
package cli
