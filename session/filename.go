package session

import (
	"path"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxFileName bounds a name in bytes. File systems allow 255; the rest is for a
// number and for the suffix of an unfinished file.
const maxFileName = 200

// SafeFileName makes a file name that is safe to create of one that a server
// gave: the last element of a path, without control and formatting characters,
// not hidden, not an option of a command (-rf becomes _rf), not the name of a device,
// valid on every system, and cut to some 200 bytes with its extension kept. It is ""
// if nothing is left.
func SafeFileName(name string) string {
	name = name[strings.LastIndexAny(name, `/\`)+1:]
	name = strings.Map(safeRune, strings.ToValidUTF8(name, "_"))
	name = strings.TrimLeft(name, ". ")
	name = shorten(strings.TrimRight(name, ". "))
	if name == "" {
		return ""
	}
	if name[0] == '-' { // "rm *" would take it for options
		name = "_" + name[1:]
	}
	low := strings.ToLower(name)
	// An unfinished file is known by its suffix, which is not for servers to give.
	if strings.HasSuffix(low, partSuffix) || strings.HasSuffix(low, metaSuffix) || strings.HasSuffix(low, tempSuffix) {
		name += "_"
	}
	if isDevice(low) {
		name = "_" + name
	}
	return name
}

// safeRune drops what a terminal or a file manager would act on, and replaces
// what is no part of a name on some system.
func safeRune(r rune) rune {
	switch {
	case unicode.IsControl(r), unicode.Is(unicode.Cf, r), r == '\u2028', r == '\u2029':
		return -1
	case strings.ContainsRune(`<>:"|?*/\`, r):
		return '_'
	}
	return r
}

// isDevice reports whether a lower-case name is a device's on Windows, with
// whatever extension.
func isDevice(low string) bool {
	stem, _, _ := strings.Cut(low, ".")
	switch stem = strings.TrimRight(stem, " "); stem {
	case "con", "prn", "aux", "nul", "conin$", "conout$":
		return true
	}
	number, ok := strings.CutPrefix(stem, "com")
	if !ok {
		number, ok = strings.CutPrefix(stem, "lpt")
	}
	if !ok || utf8.RuneCountInString(number) != 1 {
		return false
	}
	return strings.Trim(number, "0123456789¹²³") == ""
}

// shorten cuts a name to maxFileName bytes between two characters.
func shorten(name string) string {
	if len(name) <= maxFileName {
		return name
	}
	stem, ext := splitExt(name)
	if len(ext) > maxFileName/4 {
		stem, ext = name, ""
	}
	cut := maxFileName - len(ext)
	for !utf8.RuneStart(stem[cut]) {
		cut--
	}
	return strings.TrimRight(stem[:cut], ". ") + ext
}

// splitExt divides a name before its extension; ".tar.gz" is one.
func splitExt(name string) (stem, ext string) {
	ext = path.Ext(name)
	stem = strings.TrimSuffix(name, ext)
	if base, ok := strings.CutSuffix(stem, ".tar"); ok {
		stem, ext = base, ".tar"+ext
	}
	if stem == "" {
		return name, ""
	}
	return stem, ext
}

// FileName is a safe name for a file of the response: the one that its
// Content-Disposition gives, else the last element of the URL's path, else
// "download".
func (r *Response) FileName() string {
	if name := r.ContentDisposition().SafeName(); name != "" {
		return name
	}
	if name := SafeFileName(strings.TrimRight(r.url.Path, "/")); name != "" {
		return name
	}
	return "download"
}
