// Package report makes pages of measurements: what "bench" has measured, and the
// waterfall of many requests. A page is one file. It has its style and its drawings
// in it, asks no network for anything, has no script, and follows the reader's choice
// of light or dark.
//
// All text goes through one function that escapes it, for most of it comes from
// servers: [markup] has no other way to take text that is not a constant of this
// package. A page is written with a few hundred lines of Go and neither with
// html/template, whose use of reflection keeps the linker from leaving out methods
// (2.7 MB, too many for TestWeight), nor with a library of plots, of which those that are
// small draw pixels, and those that draw SVG bring fonts or need scripts.
package report
