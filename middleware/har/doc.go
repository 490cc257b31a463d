// Package har records exchanges as an HTTP Archive 1.2, the format that the network
// panel of a browser opens, and reads such files.
//
// A [Recorder] is made by [New]; its [Recorder.Wrap] is a middleware for any client of
// net/http. Secrets are hidden as its [middleware.Redaction] says, and bodies are not
// kept unless [Config.MaxBody] asks for them.
//
// [Read] returns the entries of a file, whoever has written it, as far as [Entry] has
// them.
package har
