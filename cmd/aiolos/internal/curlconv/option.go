package curlconv

import (
	"errors"
	"strconv"
	"strings"
	"time"
)

// option is one option of curl. It has an argument if value is set.
type option struct {
	long  string
	short byte // 0: none
	value func(p *parser, arg string) error
	flag  func(p *parser)
}

// ignoredOptions are options that change what curl tells and not what it sends, or that
// name what is done here anyway.
func ignoredOptions() []option {
	all := []option{
		{long: "silent", short: 's'},
		{long: "show-error", short: 'S'},
		{long: "no-buffer", short: 'N'},
		{long: "progress-bar", short: '#'},
		{long: "no-progress-meter"},
		{long: "fail-early"},
		{long: "disable", short: 'q'},
		{long: "path-as-is"},
		{long: "no-keepalive"},
		{long: "tcp-nodelay"},
		{long: "styled-output"},
		{long: "no-styled-output"},
		{long: "basic"},
		{long: "tlsv1", short: '1'},
		{long: "tlsv1.2"},
		{long: "no-sessionid"},
		{long: "no-npn"},
		{long: "no-alpn"},
	}
	for i := range all {
		all[i].flag = func(*parser) {}
	}
	return all
}

// knownOptions returns all options that are understood.
func knownOptions() []option {
	return append(ignoredOptions(), append(switchOptions(), append(valueOptions(), bodyOptions()...)...)...)
}

// switchOptions are the options without an argument.
func switchOptions() []option {
	return []option{
		{long: "get", short: 'G', flag: func(p *parser) { p.get = true }},
		{long: "head", short: 'I', flag: func(p *parser) { p.head = true }},
		{long: "location", short: 'L', flag: func(p *parser) { p.req.Follow = true }},
		{long: "insecure", short: 'k', flag: func(p *parser) { p.req.Insecure = true }},
		{long: "compressed", flag: func(p *parser) { p.req.Compressed = true }},
		{long: "include", short: 'i', flag: func(p *parser) { p.req.Include = true }},
		{long: "show-headers", flag: func(p *parser) { p.req.Include = true }},
		{long: "verbose", short: 'v', flag: func(p *parser) { p.req.Verbose = true }},
		{long: "fail", short: 'f', flag: func(p *parser) { p.req.Fail = true }},
		{long: "fail-with-body", flag: func(p *parser) { p.req.Fail, p.req.FailBody = true, true }},
		{long: "globoff", short: 'g', flag: func(p *parser) { p.globOff = true }},
		{long: "remote-name", short: 'O', flag: func(p *parser) { p.remoteName = true }},
		{long: "http1.0", short: '0', flag: func(p *parser) { p.req.Version = "1.0" }},
		{long: "http1.1", flag: func(p *parser) { p.req.Version = "1.1" }},
		{long: "http2-prior-knowledge", flag: func(p *parser) { p.req.Version, p.req.OnlyHTTP2 = "2", true }},
		{long: "http2", flag: func(p *parser) { p.req.Version = "2" }},
	}
}

// valueOptions are the options with an argument that is no body.
func valueOptions() []option {
	text := func(to func(*parser) *string) func(*parser, string) error {
		return func(p *parser, arg string) error {
			*to(p) = arg
			return nil
		}
	}
	header := func(name string) func(*parser, string) error {
		return func(p *parser, arg string) error { return p.setHeader(name, arg) }
	}
	return []option{
		{long: "url", value: (*parser).takeURL},
		{long: "url-query", value: func(p *parser, arg string) error {
			return p.takeEncoded(&p.query, strings.TrimPrefix(arg, "+"), strings.HasPrefix(arg, "+"))
		}},
		{long: "request", short: 'X', value: (*parser).takeMethod},
		{long: "header", short: 'H', value: (*parser).takeHeader},
		{long: "user-agent", short: 'A', value: header("User-Agent")},
		{long: "referer", short: 'e', value: func(p *parser, arg string) error {
			return p.setHeader("Referer", strings.TrimSuffix(arg, ";auto"))
		}},
		{long: "cookie", short: 'b', value: (*parser).takeCookie},
		{long: "range", short: 'r', value: func(p *parser, arg string) error { return p.setHeader("Range", "bytes="+arg) }},
		{long: "oauth2-bearer", value: func(p *parser, arg string) error { return p.setHeader("Authorization", "Bearer "+arg) }},
		{long: "user", short: 'u', value: (*parser).takeLogin},
		{long: "proxy", short: 'x', value: text(func(p *parser) *string { return &p.req.Proxy })},
		{long: "noproxy", value: func(p *parser, arg string) error {
			if arg != "*" {
				return &UnsupportedError{What: "--noproxy " + arg, Why: "only * is"}
			}
			p.req.NoProxy = true
			return nil
		}},
		{long: "unix-socket", value: text(func(p *parser) *string { return &p.req.Unix })},
		{long: "output", short: 'o', value: text(func(p *parser) *string { return &p.req.Output })},
		{long: "max-time", short: 'm', value: takeSeconds(func(p *parser) *time.Duration { return &p.req.Timeout })},
		{long: "connect-timeout", value: takeSeconds(func(p *parser) *time.Duration { return &p.req.Connect })},
		{long: "retry", value: func(p *parser, arg string) (err error) {
			p.req.Retry, err = strconv.Atoi(arg)
			if err != nil || p.req.Retry < 0 {
				return errors.New("not a number")
			}
			return nil
		}},
		{long: "max-redirs", value: func(p *parser, arg string) error {
			n, err := strconv.Atoi(arg)
			if err != nil || n < -1 {
				return errors.New("not a number")
			}
			p.req.MaxRedirects = n
			p.noRedirects = n == 0
			return nil
		}},
	}
}

// bodyOptions are the options that make a body.
func bodyOptions() []option {
	all := []option{
		{long: "data", short: 'd', value: func(p *parser, arg string) error { return p.takeData(arg, true) }},
		{long: "data-ascii", value: func(p *parser, arg string) error { return p.takeData(arg, true) }},
		{long: "data-binary", value: func(p *parser, arg string) error { return p.takeData(arg, false) }},
		{long: "data-raw", value: (*parser).takeRawData},
		{long: "data-urlencode", value: func(p *parser, arg string) error {
			p.form = true
			return p.takeEncoded(&p.pieces, arg, false)
		}},
		{long: "json", value: (*parser).takeJSON},
		{long: "form", short: 'F', value: (*parser).takePart},
		{long: "form-string", value: (*parser).takeTextPart},
		{long: "upload-file", short: 'T', value: (*parser).takeUpload},
	}
	return all
}

// takeSeconds is an option whose argument is a number of seconds; 0 is no limit.
func takeSeconds(to func(*parser) *time.Duration) func(*parser, string) error {
	return func(p *parser, arg string) error {
		v, err := strconv.ParseFloat(arg, 64)
		if err != nil || !(v >= 0 && v <= 1e9) {
			return errors.New("not a number of seconds")
		}
		*to(p) = time.Duration(v * float64(time.Second)).Round(time.Millisecond)
		return nil
	}
}
