package session

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/httprule"
	"github.com/aiolos-http/aiolos/internal/redact"
)

// Format writes what is set, without secrets, whatever the verb.
func (cfg Config) Format(f fmt.State, verb rune) { cfg.described().Format(f, verb) }

// MarshalJSON writes what Format does.
func (cfg Config) MarshalJSON() ([]byte, error) { return cfg.described().MarshalJSON() }

func (cfg Config) described() redact.Struct {
	if len(cfg.SensitiveHeaders) > 0 {
		shown := make([]Option, len(cfg.Options))
		for i, o := range cfg.Options {
			text := hideHeaders(strings.Join(o.args, ", "), o.name, cfg.SensitiveHeaders)
			shown[i] = Option{name: o.name, args: []string{text}}
		}
		cfg.Options = shown
	}
	return redact.Of(cfg)
}

// hideHeaders hides the values of headers in the printed arguments of an option, be
// that a header, or one that has others in it, as Join. Text in quotes has no plain
// quotes in it, and so nothing that looks like an option.
func hideHeaders(args, option string, names []string) string {
	const mark = `Header(`
	var b strings.Builder
	for isHeader := strings.HasSuffix(option+"(", mark); ; isHeader = true {
		name, err := strconv.QuotedPrefix(args)
		value, isPair := strings.CutPrefix(args, name+", ")
		plain, _ := strconv.Unquote(name) // it was quoted here, or is none
		if hidden, bad := strconv.QuotedPrefix(value); isHeader && isPair && err == nil && bad == nil && httprule.ContainsName(names, plain) {
			b.WriteString(name + ", " + redact.Hidden)
			args = value[len(hidden):]
		}
		before, rest, more := strings.Cut(args, mark)
		b.WriteString(before)
		if !more {
			return b.String()
		}
		b.WriteString(mark)
		args = rest
	}
}

// Format writes what the session was made with, without secrets, whatever the verb.
func (s *Session) Format(f fmt.State, verb rune) { s.describeOptions().Format(f, verb) }

// MarshalJSON writes what Format does.
func (s *Session) MarshalJSON() ([]byte, error) { return s.describeOptions().MarshalJSON() }

// Format writes the request and the status, whatever the verb.
func (r *Response) Format(f fmt.State, verb rune) { r.described().Format(f, verb) }

// MarshalJSON writes what Format does.
func (r *Response) MarshalJSON() ([]byte, error) { return r.described().MarshalJSON() }

// Format writes what is set, without secrets, whatever the verb.
func (e EventSource) Format(f fmt.State, verb rune) { redact.Of(e).Format(f, verb) }

// MarshalJSON writes what Format does.
func (e EventSource) MarshalJSON() ([]byte, error) { return redact.Of(e).MarshalJSON() }

// Format writes the link without the values of its query, whatever the verb.
func (l Link) Format(f fmt.State, verb rune) { redact.Of(l).Format(f, verb) }

// MarshalJSON writes what Format does.
func (l Link) MarshalJSON() ([]byte, error) { return redact.Of(l).MarshalJSON() }

// Format writes the names of the headers, whatever the verb.
func (p BodyPart) Format(f fmt.State, verb rune) { redact.Of(p).Format(f, verb) }

// MarshalJSON writes what Format does.
func (p BodyPart) MarshalJSON() ([]byte, error) { return redact.Of(p).MarshalJSON() }

// Format writes the request without secrets, whatever the verb.
func (e RequestEvent) Format(f fmt.State, verb rune) { redact.Of(e).Format(f, verb) }

// MarshalJSON writes what Format does.
func (e RequestEvent) MarshalJSON() ([]byte, error) { return redact.Of(e).MarshalJSON() }

// Format writes the request without secrets, and the status, whatever the verb.
func (e ResponseEvent) Format(f fmt.State, verb rune) { redact.Of(e).Format(f, verb) }

// MarshalJSON writes what Format does.
func (e ResponseEvent) MarshalJSON() ([]byte, error) { return redact.Of(e).MarshalJSON() }

// Format writes the request without secrets, and the error, whatever the verb.
func (e ErrorEvent) Format(f fmt.State, verb rune) { redact.Of(e).Format(f, verb) }

// MarshalJSON writes what Format does.
func (e ErrorEvent) MarshalJSON() ([]byte, error) { return redact.Of(e).MarshalJSON() }

// Format writes the type of the value, whatever the verb.
func (e ConnectionEvent) Format(f fmt.State, verb rune) { redact.Of(e).Format(f, verb) }

// MarshalJSON writes what Format does.
func (e ConnectionEvent) MarshalJSON() ([]byte, error) { return redact.Of(e).MarshalJSON() }

// Format writes the request without secrets, and the size of the chunk.
func (e ChunkEvent) Format(f fmt.State, verb rune) { redact.Of(e).Format(f, verb) }

// MarshalJSON writes what Format does.
func (e ChunkEvent) MarshalJSON() ([]byte, error) { return redact.Of(e).MarshalJSON() }

// Format writes the host and the type of the value, whatever the verb.
func (e HostEvent) Format(f fmt.State, verb rune) { redact.Of(e).Format(f, verb) }

// MarshalJSON writes what Format does.
func (e HostEvent) MarshalJSON() ([]byte, error) { return redact.Of(e).MarshalJSON() }

// Format writes the event without the secrets that Err may hold, whatever the verb.
func (e EventSourceEvent) Format(f fmt.State, verb rune) { redact.Of(e).Format(f, verb) }

// MarshalJSON writes what Format does.
func (e EventSourceEvent) MarshalJSON() ([]byte, error) { return redact.Of(e).MarshalJSON() }

func (s *Session) describeOptions() redact.Struct {
	return redact.Of(struct {
		BaseURL   *url.URL
		Header    http.Header
		Connector *connector.Connector
		Jar       http.CookieJar
	}{s.baseURL, s.base.header, s.connector, s.jar}).Named("session.Session")
}

func (r *Response) described() redact.Struct {
	return redact.Struct{Name: "session.Response"}.With("Status", r.Status).With("URL", errors.RedactURL(r.url)).With("Proto", r.Proto)
}

// Format writes the name of the type: the body may hold secrets.
func (m *MultipartReader) Format(f fmt.State, verb rune) {
	redact.Struct{Name: "session.MultipartReader"}.Format(f, verb)
}

// MarshalText is Error: the cause may hold secrets.
func (e *MultipartError) MarshalText() ([]byte, error) { return []byte(e.Error()), nil }

// MarshalText is Error: the cause may hold secrets.
func (e *TraceError) MarshalText() ([]byte, error) { return []byte(e.Error()), nil }
