package jar

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// The parts of a cookies.txt that are not cookies.
const (
	netscapeHead = "# Netscape HTTP Cookie File\n\n"
	httpOnlyMark = "#HttpOnly_"
)

// WriteNetscape writes the jar as a cookies.txt, which curl, wget, yt-dlp and
// browser extensions read: domain, whether sub-domains are meant, path, whether
// Secure, when it expires (0: with the session), name and value, separated by
// tabs. The format has no place for shared cookies, SameSite and Partitioned, nor
// for parts of seconds: the former are left out, the rest is lost. The line of an
// HttpOnly cookie starts with "#HttpOnly_", as curl has it; wget takes that for a
// comment.
func (j *Jar) WriteNetscape(w io.Writer) error {
	var b bytes.Buffer
	b.WriteString(netscapeHead)
	for _, c := range j.copyAll() {
		if c.Domain == "" {
			continue
		}
		if c.HttpOnly {
			b.WriteString(httpOnlyMark)
		}
		if !c.HostOnly {
			b.WriteByte('.')
		}
		expires := int64(0)
		if !c.Expires.IsZero() {
			// A part of a second counts as a whole one, so that 0 is no time.
			expires = c.Expires.Add(time.Second - 1).Unix()
		}
		fmt.Fprintf(&b, "%s\t%s\t%s\t%s\t%d\t%s\t%s\n", c.Domain, netscapeBool(!c.HostOnly),
			c.Path, netscapeBool(c.Secure), expires, c.Name, headerValue(c.Value, c.Quoted))
	}
	_, err := b.WriteTo(w)
	return err
}

func netscapeBool(b bool) string {
	if b {
		return "TRUE"
	}
	return "FALSE"
}

// ReadNetscape replaces the content of the jar by that of a cookies.txt. Comments
// and empty lines are passed over, "#HttpOnly_" before a domain is understood.
// Cookies that the jar would not keep are reported to [Config.OnReject]; those
// that have expired are not. Any other line is a [*FileError], and then the jar
// stays as it is.
func (j *Jar) ReadNetscape(r io.Reader) error {
	data, err := readAll(r, "cookies.txt", maxFile)
	if err != nil {
		return err
	}
	var records []record
	number := 0
	for line := range strings.Lines(string(data)) {
		number++
		line = strings.TrimRight(line, "\r\n")
		httpOnly := strings.HasPrefix(line, httpOnlyMark)
		line = strings.TrimPrefix(line, httpOnlyMark)
		if !httpOnly && (strings.TrimSpace(line) == "" || line[0] == '#') {
			continue
		}
		rec, reason := parseNetscape(line)
		if reason != "" {
			return &FileError{Format: "cookies.txt", Line: number, Reason: reason}
		}
		rec.HttpOnly = httpOnly
		records = append(records, rec)
	}
	j.replaceAll(records)
	return nil
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
	expires, err := strconv.ParseInt(f[4], 10, 64)
	if err != nil {
		return r, "expiry is not a number"
	}
	domain := strings.TrimSuffix(strings.TrimPrefix(f[0], "."), ".")
	if domain == "" {
		return r, "no domain"
	}
	r = record{hostOnly: !below, Cookie: http.Cookie{Name: f[5], Domain: domain, Path: f[2], Secure: secure}}
	r.Value, r.Quoted = cutQuotes(f[6])
	if expires != 0 {
		r.Expires = time.Unix(max(1, min(expires, 253402300799)), 0).UTC()
	}
	return r, ""
}

func parseNetscapeBool(s string) (value, ok bool) {
	value = equalFoldASCII(s, "TRUE")
	return value, value || equalFoldASCII(s, "FALSE")
}
