// Package cache is a private cache of HTTP responses after RFC 9111: the one that a
// browser has, for one user.
//
// A [Cache] is made by [New]; its [Cache.Wrap] is a middleware for any client of
// net/http. What it keeps is in a [Store]: in memory ([Memory]), in the files of a
// directory ([Dir]), or in something of your own.
package cache
