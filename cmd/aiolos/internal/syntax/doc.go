// Package syntax reads the request part of the aiolos command line: which
// argument is the method, which the URL, and what each item (header, query
// parameter, body field, whole body) means.
//
// The separators are those of httpie, and so are the rules: the leftmost
// separator counts, at one position the longest one, and a backslash takes the
// meaning from the character that follows it.
//
// Nothing here touches the network or the terminal. Files are read through a
// function that the caller passes.
package syntax
