// Package simulate runs the whole client against servers that do what servers do
// wrong, and looks whether it keeps its promises.
//
// A seed makes a [Plan]: operations with their times, and for each what the servers,
// the wire, the clocks and the users do to it. The plan runs in a bubble of
// testing/synctest over internal/memnet, through the exported API alone. What the
// plan does not fix is the scheduler: so a seed that fails is run again, many times,
// before anything is left out of it.
//
//	seed ──► plan ──► client ──► session ► middlewares ► connector ──► wire ──► servers
//	                    │                                                │         │
//	                    └── what came of each operation ──► check ◄── what they saw
//
// What is checked are promises, whatever the plan (check.go lists them), never the
// outcome of an example. An error is one of the promises broken only if nothing in
// the plan explains it.
package simulate
