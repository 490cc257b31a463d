package httprule

import (
	"maps"
	"net/http"
	"slices"
	"strings"
)

// HasField reports whether h has a value of a field, however its name is written.
func HasField(h http.Header, name string) bool {
	if len(h[name]) > 0 {
		return true
	}
	for key, values := range h {
		if len(values) > 0 && sameName(key, name) {
			return true
		}
	}
	return false
}

// NamesField is [HasField] for a field that may have no value: net/http sends
// nothing for it, but takes its name as a sign.
func NamesField(h http.Header, name string) bool {
	if _, ok := h[name]; ok {
		return true
	}
	for key := range h {
		if sameName(key, name) {
			return true
		}
	}
	return false
}

// FieldValues returns the values of a field, one a line, or nil. Those of names in
// another spelling are among them: first the spelling that was asked for, then the
// others in the order of their bytes. The result may be h's own slice.
func FieldValues(h http.Header, name string) []string {
	values := h[name]
	for key, more := range h {
		switch {
		case key == name || len(more) == 0 || !sameName(key, name):
		case len(values) > 0:
			return valuesOfAllSpellings(h, name)
		default:
			values = more
		}
	}
	return values
}

// valuesOfAllSpellings is FieldValues for a field with several names.
func valuesOfAllSpellings(h http.Header, name string) []string {
	values := slices.Clone(h[name])
	for _, key := range slices.Sorted(maps.Keys(h)) {
		if key != name && sameName(key, name) {
			values = append(values, h[key]...)
		}
	}
	return values
}

// FieldValue is the first of [FieldValues], or "".
func FieldValue(h http.Header, name string) string {
	if values := FieldValues(h, name); len(values) > 0 {
		return values[0]
	}
	return ""
}

// HasToken reports whether a field that is a list (RFC 9110 5.6.1), such as
// Connection or Upgrade, has an element; those have no case either. An element
// with parameters is another one.
func HasToken(h http.Header, name, token string) bool {
	for _, line := range FieldValues(h, name) {
		for element := range strings.SplitSeq(line, ",") {
			if strings.EqualFold(strings.Trim(element, " \t"), token) {
				return true
			}
		}
	}
	return false
}

// DeleteField returns h without a field: h itself if it has none, and else a copy
// that shares the values.
func DeleteField(h http.Header, name string) http.Header {
	if !NamesField(h, name) {
		return h
	}
	h = maps.Clone(h)
	deleteField(h, name)
	return h
}

// Clone returns a deep copy of h, which is never nil.
func Clone(h http.Header) http.Header {
	if h == nil {
		return http.Header{}
	}
	return h.Clone()
}

// SetField gives a field in h, which is the caller's to change, one value in the
// place of those that it has in any spelling. h must not be nil.
func SetField(h http.Header, name, value string) {
	deleteField(h, name)
	h[name] = []string{value}
}

func deleteField(h http.Header, name string) {
	maps.DeleteFunc(h, func(key string, _ []string) bool { return sameName(key, name) })
}

// Canonical returns h with the names in the form of [http.CanonicalHeaderKey]: h
// itself if they are, and else a copy that shares the values. It is for who reads
// many fields.
func Canonical(h http.Header) http.Header {
	if IsCanonical(h) {
		return h
	}
	clean := make(http.Header, len(h))
	for key := range h {
		name := http.CanonicalHeaderKey(key)
		if _, done := clean[name]; !done {
			clean[name] = FieldValues(h, name)
		}
	}
	return clean
}

// IsCanonical reports whether [Canonical] would return h itself.
func IsCanonical(h http.Header) bool {
	for key := range h {
		if http.CanonicalHeaderKey(key) != key {
			return false
		}
	}
	return true
}

// sameName compares as RFC 9110 5.1 has it. The letters beyond ASCII that fold to
// one of it are longer.
func sameName(a, b string) bool { return len(a) == len(b) && strings.EqualFold(a, b) }

// SentHeader is the header of a request as the server gets to see it: an empty
// User-Agent is net/http's way to say that none is sent. It is h itself if there is
// nothing to leave out, and nobody may change it.
func SentHeader(h http.Header) http.Header {
	const name = "User-Agent"
	if values, ok := h[name]; !ok || len(values) > 0 && values[0] != "" {
		return h
	}
	sent := maps.Clone(h)
	delete(sent, name)
	return sent
}
