package jar

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"time"
)

// The parts of a cookies.txt that are not cookies.
const (
	netscapeHead = "# Netscape HTTP Cookie File\n\n"
	httpOnlyMark = "#HttpOnly_"
)

const formatNetscape = "cookies.txt"

// WriteNetscape writes the jar as a cookies.txt, which curl, wget, yt-dlp and
// browser extensions read: domain, whether sub-domains are meant, path, whether
// Secure, when it expires (0: with the session), name and value, separated by
// tabs. The format has no place for shared cookies, SameSite and Partitioned, nor
// for parts of seconds: the former are left out, the rest is lost. So are cookies with
// a tab in their name: they would be read as others. The line of an HttpOnly cookie starts with "#HttpOnly_", as curl has it; wget takes that for a
// comment. Python's MozillaCookieJar takes the 0 of a session cookie for a time that is
// over, and leaves those out.
func (j *Jar) WriteNetscape(w io.Writer) error {
	var b bytes.Buffer
	b.WriteString(netscapeHead)
	for _, c := range j.copyAll() {
		if c.Domain == "" || strings.Contains(c.Name, "\t") {
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
