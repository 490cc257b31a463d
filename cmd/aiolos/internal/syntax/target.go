package syntax

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"regexp"
	"strings"

	aioerrors "github.com/aiolos-http/aiolos/errors"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/secret"
)

// Target is the method and the URL of a bare command line, with the arguments
// that are left for [Build].
type Target struct {
	Method  string // empty: to be chosen by Request.Method
	Written string // for the caller: the method as it was written
	URL     string // with its scheme
	Items   []string
}

// NotURLError is the error for a first word that is neither a URL nor a
// command.
type NotURLError struct{ Word string }

// Error implements error.
func (e *NotURLError) Error() string {
	return fmt.Sprintf("%q is neither a command nor a URL", e.Word)
}

// ErrNoURL is the error of a command line without a URL.
var ErrNoURL = errors.New("missing URL")

// Split divides the arguments of the bare form. A first word in capitals is the
// method; the word after it has to look like a URL, see [LooksLikeURL].
func Split(args []string) (Target, error) {
	var t Target
	if len(args) > 0 && IsMethod(args[0]) {
		t.Method, args = args[0], args[1:]
	}
	if len(args) == 0 {
		return Target{}, ErrNoURL
	}
	u, err := ExpandURL(args[0])
	if err != nil {
		return Target{}, err
	}
	t.URL, t.Items = u, args[1:]
	return t, nil
}

// IsMethod reports whether a word is a method: capitals, and nothing that a URL
// needs.
func IsMethod(word string) bool {
	letters := false
	for _, c := range []byte(word) {
		switch {
		case 'A' <= c && c <= 'Z':
			letters = true
		case c == '-' || c == '_' || '0' <= c && c <= '9':
		default:
			return false
		}
	}
	return letters
}

// Methods are those that are completed, and known in small letters too.
func Methods() []string {
	return []string{
		http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions,
	}
}

// LooksLikeURL reports whether a word can only be meant as a URL: it has one of
// the characters . : / or is localhost. No command of aiolos is such a word, so
// a new command never changes what an old script does.
func LooksLikeURL(word string) bool {
	return strings.ContainsAny(word, ".:/") || isLocalhost(hostOf(word))
}

// ExpandURL completes a URL as it is typed:
//
//	:8000/x, :/x     http://localhost:8000/x, http://localhost/x
//	localhost/x      http://localhost/x
//	192.168.0.7/x    http://192.168.0.7/x (loopback and private addresses)
//	example.org/x    https://example.org/x
//
// A URL that has a scheme is left as it is.
func ExpandURL(word string) (string, error) {
	switch {
	case word == "":
		return "", ErrNoURL
	case hasScheme(word):
		return word, nil
	case !LooksLikeURL(word):
		return "", &NotURLError{Word: word}
	case strings.HasPrefix(word, "://"):
		return "", fmt.Errorf("%q has no scheme", RedactURL(word))
	case word[0] == ':':
		return expandPort(word)
	}
	if err := checkSlashes(word); err != nil {
		return "", err
	}
	rest := strings.TrimPrefix(word, "//")
	if hostOf(rest) == "" {
		return "", fmt.Errorf("%q has no host", RedactURL(word))
	}
	if isLocal(hostOf(rest)) {
		return "http://" + rest, nil
	}
	return "https://" + rest, nil
}

// SlashError is the error for a scheme that is not followed by two slashes.
type SlashError struct{ Scheme, Rest string }

// Error implements error.
func (e *SlashError) Error() string {
	return fmt.Sprintf("%q has no host: behind %s: come two slashes", e.Scheme+":"+e.redactRest(), e.Scheme)
}

// Hint is the URL that may be meant.
func (e *SlashError) Hint() string {
	return fmt.Sprintf("did you mean %q?", e.Scheme+"://"+strings.TrimLeft(e.redactRest(), "/"))
}

// redactRest is the rest without its secrets, and with the slash that it may have.
func (e *SlashError) redactRest() string {
	rest := strings.TrimLeft(e.Rest, "/")
	return e.Rest[:len(e.Rest)-len(rest)] + RedactURL(rest)
}

// checkSlashes refuses http:/host/x and http:host, which are no host named http with an
// odd port. http:8080/x may be one.
func checkSlashes(word string) error {
	scheme, rest, _ := strings.Cut(word, ":")
	switch strings.ToLower(scheme) {
	case "http", "https", "ws", "wss":
		port, _, _ := strings.Cut(rest, "/")
		if rest != "" && (port == "" || strings.Trim(port, "0123456789") != "") {
			return &SlashError{scheme, rest}
		}
	}
	return nil
}

// RedactURL hides what is secret in a URL as it is typed, with a scheme or without one:
// user:password@host/x is no less a URL.
func RedactURL(word string) string {
	if hasScheme(word) {
		return aioerrors.RedactURLString(word)
	}
	if odd, ok := aioerrors.AsType[*SlashError](checkSlashes(word)); ok {
		return odd.Scheme + ":" + odd.redactRest()
	}
	bare := strings.TrimPrefix(word, "//")
	if at := strings.LastIndexByte(bare, '@'); at >= 0 && hostOf(bare) == "" {
		return secret.Hidden + bare[at:]
	}
	return word[:len(word)-len(bare)] + strings.TrimPrefix(aioerrors.RedactURLString("https://"+bare), "https://")
}

// AddScheme completes a URL, or the address of a proxy, as curl does: one without a
// scheme is http.
func AddScheme(url string) string {
	if strings.Contains(url, "://") {
		return url
	}
	return "http://" + url
}

// expandPort completes :8000/x and :/x.
func expandPort(word string) (string, error) {
	rest := word[1:]
	digits := len(rest) - len(strings.TrimLeft(rest, "0123456789"))
	if digits < len(rest) && strings.IndexByte("/?#", rest[digits]) < 0 {
		return "", fmt.Errorf("%q has no host", RedactURL(word))
	}
	if digits == 0 {
		return "http://localhost" + rest, nil
	}
	return "http://localhost:" + rest, nil
}

// hasScheme reports whether a word begins with scheme://.
func hasScheme(word string) bool {
	return regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*://`).MatchString(word)
}

// hostOf returns the host of a URL without a scheme.
func hostOf(rest string) string {
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		rest = rest[:i]
	}
	rest = rest[strings.LastIndexByte(rest, '@')+1:]
	if strings.HasPrefix(rest, "[") {
		host, _, _ := strings.Cut(rest[1:], "]")
		return host
	}
	host, _, _ := strings.Cut(rest, ":")
	return host
}

// isLocalhost reports whether host is localhost or a name below it (RFC 6761,
// section 6.3).
func isLocalhost(host string) bool {
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	return host == "localhost" || strings.HasSuffix(host, ".localhost")
}

// IsLoopback reports whether the value of a header Host is a name or an address of this
// machine alone, with or without a port. Names are not looked up.
func IsLoopback(hostport string) bool {
	host := hostOf(hostport)
	if isLocalhost(host) {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback()
}

// isLocal reports whether host is on this machine or in a private network as
// far as its text tells. Names are not looked up.
func isLocal(host string) bool {
	if isLocalhost(host) {
		return true
	}
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return false
	}
	addr = addr.Unmap()
	return addr.IsLoopback() || addr.IsPrivate() || addr.IsUnspecified()
}
