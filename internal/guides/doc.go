// Package guides has the code of the pages in docs that needs other people's modules,
// so that it compiles and runs: a module of its own, because the library depends on none
// of them.
package guides
