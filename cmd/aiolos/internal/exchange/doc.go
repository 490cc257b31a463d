// Package exchange takes one request from the flags and items of a command line to
// its end: sent, with the response shown or saved and perhaps recorded, or printed
// as bytes, as a curl command or as a program. The commands send, put, curl, har and
// bench are made from it.
package exchange
