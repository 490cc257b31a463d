// Package report makes pages of measurements: what "bench" has measured, and the
// waterfall of many requests. A page is one file. It has its style and its drawings
// in it, asks no network for anything, has no script, and follows the reader's choice
// of light or dark.
//
// All text goes through one function that escapes it, for most of it comes from
// servers: markup has no other way to take a text that is not a constant of this
// package.
//
// A page is written with a few hundred lines of Go, which make the program larger by
// 0.2 MB. With html/template, whose reflection keeps the linker from leaving methods
// out, it is 2.7 MB; with github.com/go-analyze/charts 2.3 MB and with
// gonum.org/v1/plot 7.0 MB, for both bring fonts and draw pixels too. The program has
// 14.7 MB without, and may have 16 (see TestWeight). Neither library draws a page that
// turns dark, or tells what is under the pointer.
package report
