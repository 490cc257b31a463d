// Package download fetches URLs into files, several at a time.
//
// The files are saved by [session.Session.Save], which goes on with what an
// interrupt has left and gives a file its name when it is complete. What this
// package adds is the queue with its limits, names that no two downloads of one
// call share, the taking up of transfers that break, lists of checksums, and a
// display that is told what moves.
package download
