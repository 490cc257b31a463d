// Package picture makes the picture of the tool: it plays what a command has
// written to a terminal on a screen of its own, and draws that as an SVG.
package picture
