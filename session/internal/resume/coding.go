package resume

import (
	"slices"
	"strings"
)

var gzipSuffixes = []string{".gz", ".tgz", ".taz", ".bgz", ".svgz"}

// codedSuffixes are the ends of names that say that the bytes are in a content coding.
var codedSuffixes = map[string][]string{
	"gzip":   gzipSuffixes,
	"x-gzip": gzipSuffixes,
	"br":     {".br"},
	"zstd":   {".zst", ".tzst"},
}

// keepNamedCoding leaves a body in its coding if the file's name says that it is in it:
// there are servers that take what a .tar.gz is for a coding of what they send. Others put
// one on top of what it is, which [Call].KeepCoding then has to tell apart.
func (sv *Saver) keepNamedCoding(r *Response) {
	if !r.Decoded || r.StatusCode < 200 || r.StatusCode >= 300 {
		return
	}
	suffixes := codedSuffixes[strings.TrimSpace(contentCoding(r.Header))]
	if len(suffixes) == 0 {
		return
	}
	name := strings.ToLower(sv.nameFor(r))
	if slices.ContainsFunc(suffixes, func(s string) bool { return strings.HasSuffix(name, s) }) && r.Call.KeepCoding() {
		r.Decoded = false
	}
}

// nameFor is the name that the file has, or is to get but for a number. The caller is
// asked for it once.
func (sv *Saver) nameFor(r *Response) string {
	switch {
	case sv.name != "":
		return sv.name
	case sv.want != "":
		return sv.want
	case sv.proposed == "":
		sv.proposed = r.Call.FileName()
	}
	return sv.proposed
}
