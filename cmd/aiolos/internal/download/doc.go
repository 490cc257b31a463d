// Package download fetches URLs into files.
//
// A file grows as NAME.part, with NAME.part.json beside it that says which
// resource the bytes are of. Only a complete file gets its name: its length has
// been compared and its data is on the disk. What an interrupt leaves behind is
// continued by the next call for the same URL, if the server still has the same
// resource and says so (RFC 9110, sections 13.1.5 and 14).
//
// All files are opened through an [os.Root], so that no name that a server
// sends, and no symbolic link, leads out of the directory.
package download
