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
// password, account and macdef, whose lines up to an empty one are skipped; they have
// no case. A word that begins with "#" where one of these is due makes the rest of its
// line a comment; a value may begin with "#". Other words within an entry, such as
// method, protocol and port with their values, are for other programs and passed over
// one by one. So a password with a blank in it needs quotes: what follows the blank
// is such a word.
//
// # Which entry counts
//
// The first one of a machine counts, and the first default; within an entry the last
// of each value. An entry with nothing but a name keeps the default from its host. Where
// the login is known, the first entry of the host with that login counts, or else the
// first that has a password and no login.
//
// Where the readers of such files differ, this one goes with curl and ftp(1) in what is
// said above, and otherwise with Python's netrc (and so aiohttp): a backslash before n is
// an n (curl: a line feed), a word before the first entry is an error, default may stand
// anywhere. Other than there, names of machines have no case, quotes end on their line,
// every value must be there, and a macro may end with the file. Nothing marks the end of
// a file: one that is cut is read up to there, if that makes sense.
package netrc
