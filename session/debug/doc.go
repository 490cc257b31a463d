// Package debug shows what a session does, as a page in the way of net/http/pprof:
// which calls are under way, who waits and why, what each host has of the connections,
// which responses nobody has read to their end or closed, and how calls have failed.
//
//	page, err := debug.New(debug.Config{Session: s})
//	…
//	mux.Handle("/debug/aiolos", page) // on a server that only this machine reaches
//
// The page is HTML that loads nothing else, and JSON for programs (?format=json, or an
// Accept header that asks for it). Nothing runs while nobody looks, and however many look
// without a pause, they share what is made for them at intervals: at most a tenth of one
// processor.
//
// There is no secret in it: URLs are without credentials and query values, headers and
// bodies are not shown, and errors are redacted. Paths and hosts are shown, though, so
// it belongs on a loopback address or behind a login, as pprof does.
package debug
