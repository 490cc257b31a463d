// Package resume makes files of what a Fetch function gets: with an unfinished file
// that a later call goes on with, with several requests at a time, and with a name
// only for what is whole. It is the engine of session.SaveTo and session.Save, and
// knows neither sessions nor connections.
//
// # Words
//
//	part         the file NAME.part, which grows
//	description  the file NAME.part.json: of which version of a resource the part is
//	unfinished   a part with a description that a later call can go on with
//	whole        all of the resource, or an answer that has all of it
//	missing      what the part lacks
//	publish      give the part its name
package resume
