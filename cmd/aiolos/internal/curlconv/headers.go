package curlconv

import (
	"errors"
	"slices"
	"strconv"
	"strings"
)

// setOption takes an option that stands for a header. The last one of its kind counts;
// without a value it leaves the header out.
func (p *parser) setOption(name, value string) error {
	h := Header{Name: name, Value: strings.TrimSpace(value)}
	h.Unset = h.Value == ""
	if err := CheckHeader(h); err != nil {
		return err
	}
	i := slices.IndexFunc(p.options, func(other Header) bool { return other.Name == name })
	if i < 0 {
		p.options = append(p.options, h)
		return nil
	}
	p.options[i] = h
	return nil
}

// takeCookie takes -b, which is a file if it has no equals sign. Several make one line.
func (p *parser) takeCookie(arg string) error {
	if !strings.Contains(arg, "=") {
		return &UnsupportedError{What: "a file of cookies (-b FILE)"}
	}
	i := slices.IndexFunc(p.options, func(h Header) bool { return h.Name == "Cookie" })
	if i >= 0 {
		arg = p.options[i].Value + ";" + arg
	}
	return p.setOption("Cookie", arg)
}

// takeRange takes -r. A number alone is all from there on.
func (p *parser) takeRange(arg string) error {
	if _, err := strconv.ParseUint(arg, 10, 64); err == nil {
		arg += "-"
	}
	return p.setOption("Range", "bytes="+arg)
}

// takeCert takes --cert. A password behind a colon is not ours to use.
func (p *parser) takeCert(arg string) error {
	if strings.Contains(arg, ":") {
		return &UnsupportedError{What: "a certificate with a password (--cert FILE:PASSWORD)"}
	}
	p.req.Cert = arg
	return nil
}

// mergeHeaders adds the headers of options to those of -H, which count more, be they
// left out by them. Of several -H Host the first counts.
func (p *parser) mergeHeaders() error {
	r := p.req
	_, hasLogin := r.Header("Authorization")
	for i, h := range r.Headers {
		if strings.EqualFold(h.Name, "Host") && h.Value == "" {
			return &UnsupportedError{What: "a request without a Host (-H Host:)"}
		}
		if strings.EqualFold(h.Name, "Host") {
			rest := slices.DeleteFunc(r.Headers[i+1:], func(other Header) bool { return strings.EqualFold(other.Name, "Host") })
			r.Headers = append(r.Headers[:i+1], rest...)
			break
		}
	}
	hasLogin = hasLogin || r.mentionsHeader("Authorization")
	for _, h := range p.options {
		hasLogin = hasLogin || h.Name == "Authorization"
		if !r.mentionsHeader(h.Name) {
			r.Headers = append(r.Headers, h)
		}
	}
	if hasLogin {
		r.Login, r.Digest = "", false
	}
	return nil
}

// checkLength refuses what says another length of the body, or another way to send it,
// than is right: curl would send that.
func (p *parser) checkLength() error {
	r := p.req
	length := strconv.Itoa(len(r.Body))
	for _, h := range r.Headers {
		switch strings.ToLower(h.Name) {
		case "transfer-encoding":
			return &UnsupportedError{What: "-H " + h.Name, Why: "how a body is sent is not said by a header here"}
		case "content-length":
			if h.Unset || r.BodyFile != "" || len(r.Parts) > 0 || h.Value != length {
				return &UnsupportedError{What: "-H " + h.Name, Why: "it is not the length of the body"}
			}
		}
	}
	r.Headers = slices.DeleteFunc(r.Headers, func(h Header) bool { return strings.EqualFold(h.Name, "Content-Length") })
	return nil
}

// cleanURL takes the segments . and .. out of the path, unless --path-as-is was given, and
// refuses what curl refuses. Dots that are percent-encoded stay.
func (p *parser) cleanURL() error {
	raw := p.req.URL
	if strings.ContainsFunc(raw, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
		return errors.New("curl: the URL has a space or a control character: write %20 for a space")
	}
	if p.pathAsIs {
		return nil
	}
	from := 0
	if i := strings.Index(raw, "://"); i >= 0 {
		from = i + len("://")
	}
	end := len(raw)
	if i := strings.IndexAny(raw[from:], "?#"); i >= 0 {
		end = from + i
	}
	slash := strings.IndexByte(raw[from:end], '/')
	if slash < 0 {
		return nil
	}
	p.req.URL = raw[:from+slash] + removeDots(raw[from+slash:end]) + raw[end:]
	return nil
}

// removeDots is remove_dot_segments of RFC 3986, 5.2.4, as curl has it. That of net/url
// makes /x of /..//x.
func removeDots(path string) string {
	segments := strings.Split(path, "/")
	var kept []string
	for i, segment := range segments {
		last := i == len(segments)-1
		switch segment {
		case ".":
		case "..":
			if len(kept) > 1 {
				kept = kept[:len(kept)-1]
			}
		default:
			kept = append(kept, segment)
			continue
		}
		if last {
			kept = append(kept, "")
		}
	}
	return strings.Join(kept, "/")
}
