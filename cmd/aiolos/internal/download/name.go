package download

import (
	"fmt"
	"mime"
	"net/url"
	"path/filepath"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The ends of the names of unfinished files.
const (
	partSuffix = ".part"
	metaSuffix = ".part.json"
	tempSuffix = ".part.json.tmp"
)

// maxName bounds a name in bytes. File systems allow 255; the rest is for a
// number and for the suffixes of an unfinished file.
const maxName = 200

// Name chooses the name of a file: from the Content-Disposition header, else
// from the path of the URL, else from the number of the URL on the command
// line. The result is one element of a path, is not hidden, and is a name on
// every system.
func Name(disposition string, u *url.URL, index int) string {
	if _, params, err := mime.ParseMediaType(disposition); err == nil {
		if name := safeName(params["filename"]); name != "" {
			return name
		}
	}
	return nameOfURL(u, index)
}

// nameOfURL chooses a name without a response.
func nameOfURL(u *url.URL, index int) string {
	if u != nil {
		if name := safeName(strings.TrimRight(u.Path, "/")); name != "" {
			return name
		}
	}
	return fmt.Sprintf("download-%d", index)
}

// safeName returns the last element of a path that a server sent, without what
// could do harm, or "" if nothing is left.
func safeName(name string) string {
	name = name[strings.LastIndexAny(name, `/\`)+1:]
	name = strings.Map(safeRune, strings.ToValidUTF8(name, "_"))
	name = strings.TrimLeft(name, ". ")
	name = shorten(strings.TrimRight(name, ". "))
	if name == "" {
		return ""
	}
	// An unfinished file is recognised by its suffix; a server must not be
	// able to plant one.
	low := strings.ToLower(name)
	if strings.HasSuffix(low, partSuffix) || strings.HasSuffix(low, metaSuffix) || strings.HasSuffix(low, tempSuffix) {
		name += "_"
	}
	if reservedOnWindows(low) {
		name = "_" + name
	}
	return name
}

// safeRune replaces what is no part of a name on some system, and drops what a
// terminal would act on.
func safeRune(r rune) rune {
	switch {
	case unicode.IsControl(r), unicode.Is(unicode.Cf, r), r == 0x2028, r == 0x2029:
		return -1
	case strings.ContainsRune(`<>:"|?*/\`, r):
		return '_'
	}
	return r
}

// reservedOnWindows reports whether a lower-case name is that of a device.
func reservedOnWindows(low string) bool {
	stem, _, _ := strings.Cut(low, ".")
	switch stem = strings.TrimRight(stem, " "); stem {
	case "con", "prn", "aux", "nul", "conin$", "conout$":
		return true
	}
	if len(stem) < 4 || stem[:3] != "com" && stem[:3] != "lpt" {
		return false
	}
	n := stem[3:]
	return len(n) == 1 && '0' <= n[0] && n[0] <= '9' || n == "¹" || n == "²" || n == "³"
}

// shorten cuts a name to maxName bytes and keeps its extension.
func shorten(name string) string {
	if len(name) <= maxName {
		return name
	}
	stem, ext := splitExt(name)
	if len(ext) > maxName/4 {
		stem, ext = name, ""
	}
	cut := maxName - len(ext)
	for !utf8.RuneStart(stem[cut]) {
		cut--
	}
	return strings.TrimRight(stem[:cut], ". ") + ext
}

// splitExt divides a name in front of its extension; .tar.gz is one.
func splitExt(name string) (stem, ext string) {
	ext = filepath.Ext(name)
	stem = strings.TrimSuffix(name, ext)
	if base, ok := strings.CutSuffix(stem, ".tar"); ok {
		stem, ext = base, ".tar"+ext
	}
	if stem == "" {
		return name, ""
	}
	return stem, ext
}

// numbered returns the n-th name to try in place of name, which is taken.
func numbered(name string, n int) string {
	if n == 0 {
		return name
	}
	stem, ext := splitExt(name)
	return fmt.Sprintf("%s-%d%s", stem, n, ext)
}
