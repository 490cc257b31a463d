package fleet

import (
	"cmp"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/aiolos-http/aiolos/jar"
)

// storedCookie is a cookie as Redis has it: the field of the hash is what tells it from
// others, and the value the rest as JSON.
type storedCookie struct {
	domain, path, name string

	Value       string        `json:"value"`
	Bytes       []byte        `json:"bytes,omitempty"` // the value, if it is not UTF-8, which JSON demands
	Quoted      bool          `json:"quoted,omitempty"`
	HostOnly    bool          `json:"host,omitempty"`
	Secure      bool          `json:"secure,omitempty"`
	HTTPOnly    bool          `json:"http,omitempty"`
	Partitioned bool          `json:"partitioned,omitempty"`
	SameSite    http.SameSite `json:"site,omitempty"`
	Expires     int64         `json:"expires,omitempty"` // in seconds since 1970; 0: it is a session cookie
	Created     int64         `json:"created"`           // in nanoseconds since 1970
	Set         int64         `json:"set,omitempty"`     // of a session cookie, in seconds since 1970
}

// fieldSeparator is in no domain and no path of the jar. A name may have it.
const fieldSeparator = "\t"

// fieldOf is the field of a cookie of a jar.
func fieldOf(c *http.Cookie) string {
	return c.Domain + fieldSeparator + c.Path + fieldSeparator + c.Name
}

// formOf is the field and the value of a cookie that the response of u has set, as the
// jar's rules understand it. No value: it is to be deleted. No field: it is none.
func (s *site) formOf(u *url.URL, c *http.Cookie) (field string, value *string) {
	rules := s.jar.cfg.Rules
	rules.OnReject = nil
	probe := jar.New(rules)
	probe.SetCookies(u, []*http.Cookie{c})
	deleted := probe.Len() == 0
	if deleted { // as if it were not, to see its domain and path
		live := *c
		live.MaxAge, live.Expires = 0, time.Time{}
		probe.SetCookies(u, []*http.Cookie{&live})
	}
	for kept := range probe.All() {
		field = fieldOf(&kept.Cookie)
		if deleted {
			return field, nil
		}
		text := s.encode(kept, field)
		return field, &text
	}
	return "", nil
}

// encode is the value of a cookie. One that was there keeps its time of creation, by which
// cookies are sent in order (RFC 6265bis 5.7).
func (s *site) encode(c *jar.Cookie, field string) string {
	stored := storedCookie{
		Value: c.Value, Quoted: c.Quoted, HostOnly: c.HostOnly, Secure: c.Secure, HTTPOnly: c.HttpOnly,
		Partitioned: c.Partitioned, SameSite: c.SameSite, Created: c.Created.UnixNano(),
	}
	if !utf8.ValidString(c.Value) {
		stored.Value, stored.Bytes = "", []byte(c.Value)
	}
	if c.Expires.IsZero() {
		stored.Set = s.jar.cfg.Rules.Now().Unix()
	} else {
		stored.Expires = c.Expires.Unix()
	}
	if old, ok := parseStored(field, s.known[field]); ok {
		stored.Created = old.Created
	}
	text, err := json.Marshal(stored)
	if err != nil {
		panic(err) // it is made of texts and numbers
	}
	return string(text)
}

// parseStored reads what encode wrote. What is no cookie is not ok.
func parseStored(field, value string) (c storedCookie, ok bool) {
	parts := strings.SplitN(field, fieldSeparator, 3)
	if len(parts) != 3 || value == "" || json.Unmarshal([]byte(value), &c) != nil {
		return c, false
	}
	c.domain, c.path, c.name = parts[0], parts[1], parts[2]
	if len(c.Bytes) > 0 {
		c.Value = string(c.Bytes)
	}
	return c, true
}

// endOr is when the cookie ends, in seconds since 1970: that of session cookies is given.
func (c storedCookie) endOr(session int64) int64 { return cmp.Or(c.Expires, session) }

// sessionEnd is when the session cookies of a site end, after one of them was last set.
func (j *Jar) sessionEnd(fields map[string]string) int64 {
	last := int64(0)
	for field, value := range fields {
		if c, ok := parseStored(field, value); ok && c.Expires == 0 {
			last = max(last, c.Set)
		}
	}
	return last + int64(j.cfg.KeepSession/time.Second)
}

func (c storedCookie) compareCreation(other storedCookie) int {
	return cmp.Or(cmp.Compare(c.Created, other.Created), strings.Compare(c.name, other.name))
}

// asSet is a response that sets the cookie.
func (c storedCookie) asSet() (*url.URL, *http.Cookie) {
	host := c.domain
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	set := &http.Cookie{
		Name: c.name, Value: c.Value, Quoted: c.Quoted, Path: c.path, Secure: c.Secure,
		HttpOnly: c.HTTPOnly, SameSite: c.SameSite, Partitioned: c.Partitioned,
	}
	if !c.HostOnly {
		set.Domain = c.domain
	}
	if c.Expires != 0 {
		set.Expires = time.Unix(c.Expires, 0)
	}
	return &url.URL{Scheme: "https", Host: host, Path: "/"}, set
}
