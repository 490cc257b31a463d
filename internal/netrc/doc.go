// Package netrc reads .netrc files: logins and passwords by host.
//
//	machine api.example.com login alice password "a \"quoted\" one"
//	default login anonymous password guest@
//
// # Syntax
//
// A file is a sequence of words with white space between them. A word in double
// quotes may hold white space; a backslash takes the next character as it is,
// within quotes and without. Known words are machine, default, login or user,
// password, account and macdef, whose lines up to an empty one are skipped. A
// word that begins with "#" where one of these is due makes the rest of its line
// a comment; a value may begin with "#".
//
// Where the readers of such files differ, this one does as Python's netrc (and so
// aiohttp) does: an unknown word is an error, the last entry of a machine counts,
// a backslash before n is an n (curl: a line feed). Other than there, names of
// machines have no case, quotes end on their line, every value must be there, and
// a macro may end with the file. Nothing marks the end of a file: one that is cut is
// read up to there, if that makes sense.
package netrc
