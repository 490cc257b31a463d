package jar

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// ReadNetscape replaces the content of the jar by that of a cookies.txt. Comments,
// empty lines and a byte order mark are passed over, "#HttpOnly_" before a domain is
// understood; an expiry that is empty or 0 is that of a session cookie, of one with
// decimals the whole seconds count, and a port behind the domain does not, since
// cookies have none (RFC 6265 8.5). Cookies that the jar would not keep are reported to
// [Config.OnReject]; those that have expired are not.
//
// A line that is none of these is passed over and reported: to OnReject as it is, and
// by a [*FileError] that has its number and is Partial, because the other lines are in
// the jar all the same. If there are no other lines, it is another kind of file, and
// the jar stays as it is.
func (j *Jar) ReadNetscape(r io.Reader) error {
	data, err := readAll(r, formatNetscape, maxFile)
	if err != nil {
		return err
	}
	var f netscapeFile
	f.readLines(string(data))
	switch {
	case len(f.bad) == 0:
		j.replaceAll(f.records)
		return nil
	case len(f.records) == 0:
		return f.describeBad(false)
	}
	j.replaceAll(f.records)
	rejections := make([]rejection, 0, len(f.bad))
	for _, b := range f.bad {
		rejections = append(rejections, rejection{&http.Cookie{Raw: b.text}, ReasonSyntax})
	}
	j.reportRejections(rejections)
	return f.describeBad(true)
}

// netscapeFile is what was read of a cookies.txt.
type netscapeFile struct {
	records []record
	bad     []badLine
}

type badLine struct {
	number       int
	text, reason string
}

func (f *netscapeFile) readLines(text string) {
	number := 0
	for line := range strings.Lines(text) {
		number++
		line = strings.TrimRight(line, "\r\n")
		rest, httpOnly := strings.CutPrefix(line, httpOnlyMark)
		if start := strings.TrimSpace(rest); !httpOnly && (start == "" || start[0] == '#') {
			continue
		}
		rec, reason := parseNetscape(rest)
		if reason != "" {
			f.bad = append(f.bad, badLine{number, line, reason})
			continue
		}
		rec.HttpOnly = httpOnly
		f.records = append(f.records, rec)
	}
}

// describeBad is the error of a file with bad lines: it says what is wrong with the
// first, and where some of the others are.
func (f *netscapeFile) describeBad(partial bool) error {
	const shown = 8
	e := &FileError{Format: formatNetscape, Line: f.bad[0].number, Reason: f.bad[0].reason, Partial: partial}
	for i, b := range f.bad[1:] {
		switch {
		case i == 0:
			e.Reason += "; bad too: line " + strconv.Itoa(b.number)
		case i == shown:
			e.Reason += fmt.Sprintf(" and %d more", len(f.bad)-1-shown)
		case i < shown:
			e.Reason += ", " + strconv.Itoa(b.number)
		}
	}
	return e
}

// parseNetscape reads a line of seven fields; the last may be missing with its
// tab, if the value is empty.
func parseNetscape(line string) (r record, reason string) {
	f := strings.SplitN(line, "\t", 7)
	if len(f) == 6 {
		f = append(f, "")
	}
	if len(f) != 7 {
		return r, "not seven fields separated by tabs"
	}
	below, ok1 := parseNetscapeBool(f[1])
	secure, ok2 := parseNetscapeBool(f[3])
	if !ok1 || !ok2 {
		return r, "neither TRUE nor FALSE"
	}
	expires, ok := parseNetscapeTime(f[4])
	if !ok {
		return r, "expiry is not a number"
	}
	domain := strings.TrimSuffix(strings.TrimPrefix(cutPort(f[0]), "."), ".")
	if domain == "" {
		return r, "no domain"
	}
	r = record{hostOnly: !below, Cookie: http.Cookie{Name: f[5], Domain: domain, Path: f[2], Secure: secure, Expires: expires}}
	r.Value, r.Quoted = cutQuotes(f[6])
	return r, ""
}

func parseNetscapeBool(s string) (value, ok bool) {
	value = equalFoldASCII(s, "TRUE")
	return value, value || equalFoldASCII(s, "FALSE")
}

// parseNetscapeTime reads seconds since 1970. None, which Python writes, and 0, which
// the others do, are the zero time. Decimals, which browser extensions and yt-dlp write,
// are cut, but do not make a time of the past a session cookie.
func parseNetscapeTime(s string) (t time.Time, ok bool) {
	whole, decimals, _ := strings.Cut(s, ".")
	if s == "" {
		return t, true
	}
	seconds, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || strings.Trim(decimals, "0123456789") != "" {
		return t, false
	}
	if seconds == 0 && strings.Trim(decimals, "0") == "" {
		return t, true
	}
	return time.Unix(max(1, min(seconds, 253402300799)), 0).UTC(), true
}

// cutPort takes off the port that wget writes behind the name of a host, and the
// brackets around an address. What has several colons and no brackets is an address.
func cutPort(domain string) string {
	host, port, _ := strings.Cut(domain, ":")
	if end := strings.LastIndexByte(domain, ']'); end > 0 && domain[0] == '[' {
		host, port = domain[1:end], strings.TrimPrefix(domain[end+1:], ":")
	}
	if strings.Trim(port, "0123456789") != "" {
		return domain
	}
	return host
}
