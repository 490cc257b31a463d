package httprule

import (
	"mime"
	"path/filepath"
	"strings"
)

// TypeByName guesses the media type of a file by its name's extension, or is "". It has
// no charset: package mime says utf-8 for every text, and nobody has looked into the
// file.
func TypeByName(name string) string {
	media, _, _ := strings.Cut(mime.TypeByExtension(filepath.Ext(name)), ";")
	return media
}
