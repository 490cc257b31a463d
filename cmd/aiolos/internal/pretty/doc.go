// Package pretty makes bodies readable while they come: JSON, JSON lines and
// server-sent events are indented, coloured and sorted, and nothing else about them
// changes. Numbers keep their digits, objects the order and the doubles of their names,
// strings their escapes; what is cut stays as far as it came, and what turns out to be
// something else goes on as it is.
//
// The lexer is our own, and works byte by byte. Decoders of whole tokens, such as those
// of encoding/json, hold a string back until its end, write its escapes anew, and give
// up at the first mistake; encoding/json/jsontext is an experiment that a plain build
// does not have.
//
//	body --> Sorter (a whole value at a time) --> guard --> JSON or Events --> terminal
//
// The guard makes characters harmless that a terminal acts on. It stands in front of
// the colours, which it would take for such characters.
package pretty
