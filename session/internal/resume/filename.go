package resume

import (
	"path"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxFileName bounds a name in bytes. File systems allow 255; the rest is for a
// number and for the suffix of an unfinished file.
const maxFileName = 200

// SafeFileName is session.SafeFileName.
func SafeFileName(name string) string {
	name = name[strings.LastIndexAny(name, `/\`)+1:]
	name = strings.Map(replaceUnsafe, strings.ToValidUTF8(name, "_"))
	name = strings.TrimLeft(name, ". ")
	name = truncateName(strings.TrimRight(name, ". "))
	if name == "" {
		return ""
	}
	if name[0] == '-' { // "rm *" would take it for options
		name = "_" + name[1:]
	}
	low := strings.ToLower(name)
	// An unfinished file is known by its suffix, which is not for servers to give.
	if strings.HasSuffix(low, partSuffix) || strings.HasSuffix(low, descriptionSuffix) || strings.HasSuffix(low, tempSuffix) || strings.HasSuffix(low, newSuffix) {
		name += "_"
	}
	if isDeviceName(low) {
		name = "_" + name
	}
	return name
}

// replaceUnsafe drops what a terminal or a file manager would act on, and replaces
// what is no part of a name on some system.
func replaceUnsafe(r rune) rune {
	switch {
	case unicode.IsControl(r), unicode.Is(unicode.Cf, r), r == '\u2028', r == '\u2029':
		return -1
	case strings.ContainsRune(`<>:"|?*/\`, r):
		return '_'
	}
	return r
}

// isDeviceName reports whether a lower-case name is a device's on Windows, with
// whatever extension.
func isDeviceName(low string) bool {
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

// truncateName cuts a name to maxFileName bytes between two characters.
func truncateName(name string) string {
	if len(name) <= maxFileName {
		return name
	}
	stem, ext := splitExtension(name)
	if len(ext) > maxFileName/4 {
		stem, ext = name, ""
	}
	cut := maxFileName - len(ext)
	for !utf8.RuneStart(stem[cut]) {
		cut--
	}
	return strings.TrimRight(stem[:cut], ". ") + ext
}

// splitExtension divides a name before its extension; ".tar.gz" is one.
func splitExtension(name string) (stem, ext string) {
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
