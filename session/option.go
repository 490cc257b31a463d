package session

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"golang.org/x/net/http/httpguts"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/httprule"
)

// Option is a setting of one request, or of all requests of a session
// ([Config].Options, [Session.With]). Of two that contradict each other the later wins.
// Options are immutable and may be shared. The zero Option does nothing.
//
// A bad option is reported by the call that it was given to, as an
// [errors.InvalidRequestError], before anything is sent.
type Option struct {
	name  string
	args  []string // fit to print
	apply func(*options) error
	set   func(*options) // in place of apply, where nothing can be wrong
}

func checkedOption(name string, args []string, apply func(*options) error) Option {
	return Option{name: name, args: args, apply: apply}
}

func setOption(name string, args []string, set func(*options)) Option {
	return Option{name: name, args: args, set: set}
}

// String returns the option as it was written, without its secrets.
func (o Option) String() string { return o.name + "(" + strings.Join(o.args, ", ") + ")" }

// MarshalText is String, for JSON and logs.
func (o Option) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// options is what a request is made of, apart from its method and URL.
type options struct {
	header   http.Header // shared with the session until owned
	owned    bool
	plain    bool // while it is shared, it has none of the fields that has is asked for
	auto     autoHeaders
	hopsSet  bool
	host     string
	query    string // encoded, without "?"
	cookies  []*http.Cookie
	body     *bodySource
	check    func(*Response) error
	hops     int // how many redirects to follow; negative: none, a redirect is the response
	timeout  ClientTimeout
	maxBody  int64
	progress func(done, total int64)
	coding   codingOptions
	native   *http.Request  // of Session.Do
	wire     *wireOptions   // what few requests ask for; never changed
	client   *clientOptions // likewise
	encode   func(any) ([]byte, error)
	broken   error // of Session.With: what every request says
}

// autoHeaders says which automatic headers are still the library's own.
type autoHeaders uint8

const (
	autoUserAgent autoHeaders = 1 << iota
	autoAccept
	autoAcceptEncoding
	autoContentType
)

func autoHeader(name string) autoHeaders {
	switch name {
	case "User-Agent":
		return autoUserAgent
	case "Accept":
		return autoAccept
	case "Accept-Encoding":
		return autoAcceptEncoding
	case "Content-Type":
		return autoContentType
	}
	return 0
}

// applyAll returns the first error, but applies what comes after it too: there
// may be a body that has to be closed.
func (o *options) applyAll(opts []Option) error {
	var first error
	for i := range opts {
		switch opt := &opts[i]; {
		case opt.set != nil:
			opt.set(o)
		case opt.apply != nil:
			if err := opt.apply(o); err != nil && first == nil {
				first = err
			}
		}
	}
	return first
}

// changeCopy puts a copy of what p points to, or a zero value, in its place and returns
// it to be changed: options can be shared.
func changeCopy[T any](p **T) *T {
	changed := new(T)
	if *p != nil {
		*changed = **p
	}
	*p = changed
	return changed
}

// ownHeader makes the header the request's own before it is changed.
func (o *options) ownHeader() http.Header {
	if !o.owned {
		o.header, o.owned = o.header.Clone(), true
	}
	return o.header
}

// shareHeader makes what the options have now the header of a session, that its requests
// share.
func (o *options) shareHeader() {
	o.owned, o.plain = false, true
	for _, name := range []string{"Authorization", "Content-Length", "Cookie", "Range"} {
		o.plain = o.plain && o.header[name] == nil
	}
}

// has reports whether the header has the field, which is one of those that shareHeader
// names: most requests need not look.
func (o *options) has(name string) bool { return (o.owned || !o.plain) && o.header[name] != nil }

func (o *options) setHeader(name, value string) {
	o.ownHeader()[name] = []string{value}
	o.auto &^= autoHeader(name)
}

// Join makes one option of several, applied in order.
func Join(opts ...Option) Option {
	args := make([]string, len(opts))
	for i, o := range opts {
		args[i] = o.String()
	}
	return checkedOption("Join", args, func(o *options) error { return o.applyAll(opts) })
}

// Query appends one parameter to the URL's query, behind what the URL and
// earlier options have put there. (aiohttp: params)
func Query(name, value string) Option {
	encoded := url.QueryEscape(name) + "=" + url.QueryEscape(value)
	return setOption("Query", []string{strconv.Quote(name), "***"}, func(o *options) { o.addQuery(encoded) })
}

// Params appends parameters to the URL's query, sorted by name. Use [Query] for
// an order of your own. (aiohttp: params)
func Params(values url.Values) Option {
	encoded := values.Encode()
	return setOption("Params", []string{fmt.Sprintf("%d names", len(values))}, func(o *options) { o.addQuery(encoded) })
}

func (o *options) addQuery(encoded string) {
	switch {
	case encoded == "":
	case o.query == "":
		o.query = encoded
	default:
		o.query += "&" + encoded
	}
}

// Header sets a header, in the place of the session's or an automatic one of
// that name. "Host" sets the host that is asked for, not the one that is
// connected to. (aiohttp: headers)
func Header(name, value string) Option {
	return headerOption("Header", name, value, func(o *options, key string) { o.setHeader(key, value) })
}

// AddHeader adds a line to a header that may have others already; an automatic
// header of that name is replaced.
func AddHeader(name, value string) Option {
	return headerOption("AddHeader", name, value, func(o *options, key string) {
		if o.auto&autoHeader(key) != 0 || key == "Host" {
			o.setHeader(key, value)
			return
		}
		h := o.ownHeader()
		h[key] = append(slices.Clip(h[key]), value)
	})
}

func headerOption(option, name, value string, set func(o *options, key string)) Option {
	shown := strconv.Quote(errors.ReplaceHeaderURLs(name, value, errors.RedactURLString))
	if errors.SensitiveHeader(name) {
		shown = "***"
	}
	key := http.CanonicalHeaderKey(name)
	return checkedOption(option, []string{strconv.Quote(name), shown}, func(o *options) error {
		if err := checkHeader(key, value); err != nil {
			return err
		}
		if key == "Host" {
			o.host = value
			return nil
		}
		set(o, key)
		return nil
	})
}

// checkHeader refuses what would break out of its header line, and the headers
// that belong to the body's framing (RFC 9112 6).
func checkHeader(name, value string) error {
	switch {
	case !isToken(name):
		return &errors.InvalidRequestError{Field: "header name", Reason: "not a token"}
	case !httpguts.ValidHeaderFieldValue(value):
		return &errors.InvalidRequestError{Field: "header " + name, Reason: "control character in value"}
	case name == "Host" && !httpguts.ValidHostHeader(value):
		return &errors.InvalidRequestError{Field: "header Host", Reason: "invalid character"}
	case name == "Transfer-Encoding":
		return &errors.InvalidRequestError{Field: "header " + name, Reason: "set by the body"}
	case name == "Content-Length":
		if _, err := strconv.ParseUint(value, 10, 63); err != nil || strings.TrimLeft(value, "0123456789") != "" {
			return &errors.InvalidRequestError{Field: "header " + name, Reason: "not a number"}
		}
	}
	return nil
}

func isToken(s string) bool { return httprule.IsToken(s) }

// SkipHeader leaves automatic headers out: Accept, Accept-Encoding, User-Agent,
// Content-Type. Headers that frame the message cannot be left out.
// (aiohttp: skip_auto_headers)
func SkipHeader(names ...string) Option {
	return checkedOption("SkipHeader", names, func(o *options) error {
		for _, name := range names {
			key := http.CanonicalHeaderKey(name)
			bit := autoHeader(key)
			if bit == 0 {
				return &errors.InvalidRequestError{Field: "SkipHeader", Reason: "not an automatic header that can be left out"}
			}
			if o.auto&bit == 0 {
				continue // the caller's own value, not an automatic one
			}
			o.auto &^= bit
			switch key {
			case "User-Agent":
				o.ownHeader()[key] = []string{""} // net/http sends its own for an absent one
			default:
				delete(o.ownHeader(), key)
			}
		}
		return nil
	})
}

// Cookie sends a cookie with this request, beside the jar's and in the place
// of one of the same name. It is not stored, and no longer sent once a redirect
// has left the origin. A value with characters that cookies must not have is
// quoted as the jar quotes it. (aiohttp: cookies)
func Cookie(name, value string) Option {
	return checkedOption("Cookie", []string{strconv.Quote(name), "***"}, func(o *options) error {
		if !isToken(name) || strings.ContainsFunc(value, unicode.IsControl) {
			return &errors.InvalidRequestError{Field: "cookie", Reason: "invalid name or character in value"}
		}
		o.cookies = append(slices.Clip(o.cookies), &http.Cookie{Name: name, Value: value})
		return nil
	})
}

// BasicAuth sends login and password (RFC 7617), encoded as UTF-8. It cannot be
// combined with credentials in the URL. (aiohttp: BasicAuth, encode_basic_auth)
func BasicAuth(login, password string) Option {
	value := httprule.BasicAuth(login, password)
	return checkedOption("BasicAuth", []string{"***", "***"}, func(o *options) error {
		if strings.Contains(login, ":") {
			return &errors.InvalidRequestError{Field: "BasicAuth", Reason: "colon in login"}
		}
		o.setHeader("Authorization", value)
		return nil
	})
}

// Bearer sends a bearer token (RFC 6750).
func Bearer(token string) Option {
	return checkedOption("Bearer", []string{"***"}, func(o *options) error {
		if token == "" || !httpguts.ValidHeaderFieldValue(token) || strings.ContainsAny(token, " \t") {
			return &errors.InvalidRequestError{Field: "Bearer", Reason: "not a token"}
		}
		o.setHeader("Authorization", "Bearer "+token)
		return nil
	})
}

// CheckStatus makes a response with a status of 400 or more an error, a
// [*errors.ClientResponseError] that holds the start of the body.
// (aiohttp: raise_for_status=True)
func CheckStatus() Option {
	return setOption("CheckStatus", nil, func(o *options) { o.check = (*Response).CheckStatus })
}

// CheckStatusFunc has check look at the response before it is returned. If it
// returns an error, that is what the call returns, and the response is closed.
// A nil check turns a session's CheckStatus off.
// (aiohttp: raise_for_status with a callable)
func CheckStatusFunc(check func(*Response) error) Option {
	return setOption("CheckStatusFunc", []string{"func"}, func(o *options) { o.check = check })
}

// Redirects follows at most n redirects; one more is a
// [*errors.TooManyRedirects]. It must not be negative. The default is 10, and
// for HEAD [NoRedirects]. (aiohttp: max_redirects, which follows one fewer)
func Redirects(n int) Option {
	return checkedOption("Redirects", []string{strconv.Itoa(n)}, func(o *options) error {
		if n < 0 {
			return &errors.InvalidRequestError{Field: "Redirects", Reason: "negative"}
		}
		o.hops, o.hopsSet = n, true
		return nil
	})
}

// NoRedirects returns a redirect as the response that it is.
// (aiohttp: allow_redirects=False)
func NoRedirects() Option {
	return setOption("NoRedirects", nil, func(o *options) { o.hops, o.hopsSet = -1, true })
}

// Timeout bounds the whole call, redirects and the body included. Zero inherits
// and negative is off.
func Timeout(total time.Duration) Option {
	return setOption("Timeout", []string{total.String()}, func(o *options) {
		o.timeout = ClientTimeout{Total: total}.Inherit(o.timeout)
	})
}

// Timeouts sets the four timeouts; zero fields inherit, negative ones are off.
// (aiohttp: timeout)
func Timeouts(t ClientTimeout) Option {
	return setOption("Timeouts", []string{fmt.Sprintf("%+v", t)}, func(o *options) { o.timeout = t.Inherit(o.timeout) })
}

// MaxBodySize bounds the response's body, after decoding, in bytes. Reading
// more gives an [*errors.BodyTooLargeError]. Zero restores the default, which is
// no limit for streams and [DefaultMaxBuffered] for the methods that return a
// body in one piece; negative turns both off.
func MaxBodySize(n int64) Option {
	return setOption("MaxBodySize", []string{strconv.FormatInt(n, 10)}, func(o *options) { o.maxBody = n })
}

// Progress calls f as the body is transferred: the request's if there is one,
// the response's otherwise. It gets the bytes so far, as they are on the wire
// for a request and after decoding for a response, and the expected total, or
// -1 if that is not known. It is called when a hundredth of the total was
// transferred since the last call, or 100 ms have passed, and once at the end, also of a
// body that fails or is closed before. It is called from the goroutine that transfers or
// closes, so it must be quick, and not at the same time by two of one request.
func Progress(f func(done, total int64)) Option {
	return setOption("Progress", []string{"func"}, func(o *options) { o.progress = f })
}
