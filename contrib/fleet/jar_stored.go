package fleet

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/aiolos-http/aiolos/jar"
)

// storedCookie is a cookie as Redis has it: the field of the hash is what tells it from
// others, and the value the rest as JSON.
type storedCookie struct {
	domain, path, name string

	Value       string        `json:"value"`
	Quoted      bool          `json:"quoted,omitempty"`
	HostOnly    bool          `json:"host,omitempty"`
	Secure      bool          `json:"secure,omitempty"`
	HTTPOnly    bool          `json:"http,omitempty"`
	Partitioned bool          `json:"partitioned,omitempty"`
	SameSite    http.SameSite `json:"site,omitempty"`
	Expires     int64         `json:"expires,omitempty"` // in seconds since 1970; 0: it is a session cookie
	Created     int64         `json:"created"`           // in nanoseconds since 1970
}

// fieldSeparator is in none of the three parts: the jar refuses control characters.
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
	if !c.Expires.IsZero() {
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
	parts := strings.Split(field, fieldSeparator)
	if len(parts) != 3 || value == "" || json.Unmarshal([]byte(value), &c) != nil {
		return c, false
	}
	c.domain, c.path, c.name = parts[0], parts[1], parts[2]
	return c, true
}

func (c storedCookie) expiredAt(now time.Time) bool { return c.Expires != 0 && c.Expires <= now.Unix() }

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

// longest is for how long the last of the cookies is kept.
func (j *Jar) longest(changes map[string]*string) time.Duration {
	keep := j.cfg.KeepSession
	now := j.cfg.Rules.Now()
	for field, value := range changes {
		if value == nil {
			continue
		}
		if c, ok := parseStored(field, *value); ok && c.Expires != 0 {
			keep = max(keep, time.Unix(c.Expires, 0).Sub(now))
		}
	}
	return min(keep, maxCookieAge)
}

// maxCookieAge bounds how long a site is kept after its last change (RFC 6265bis 5.5).
const maxCookieAge = 400 * 24 * time.Hour

// jarScript changes the hash KEYS[1] of a site, and returns all of it if ARGV[1] is 1. Then
// come the channel and the message that tell of the change, for how many milliseconds the
// site is kept, and three lists, each after its length: fields and values to set, fields to
// delete, fields and values to delete if they still are that.
var jarScript = redis.NewScript(`
local key, at, changed = KEYS[1], 5, false
local function each(width, change)
  local n = tonumber(ARGV[at])
  at = at + 1
  for _ = 1, n do
    change(ARGV[at], ARGV[at + 1])
    changed = true
    at = at + width
  end
end
each(2, function(field, value) redis.call('HSET', key, field, value) end)
each(1, function(field) redis.call('HDEL', key, field) end)
each(2, function(field, value)
  if redis.call('HGET', key, field) == value then redis.call('HDEL', key, field) end
end)
if changed then
  local keep = tonumber(ARGV[4])
  if redis.call('PTTL', key) < keep then redis.call('PEXPIRE', key, keep) end
  redis.call('PUBLISH', ARGV[2], ARGV[3])
end
if ARGV[1] == '1' then return redis.call('HGETALL', key) end
return {}
`)

func runJarScript(ctx context.Context, c redis.UniversalClient, key, channel, message string, keep time.Duration, read bool, changes map[string]*string, expired map[string]string) (map[string]string, error) {
	var set, deleted, conditional []any
	for field, value := range changes {
		if value == nil {
			deleted = append(deleted, field)
		} else {
			set = append(set, field, *value)
		}
	}
	for field, value := range expired {
		conditional = append(conditional, field, value)
	}
	args := []any{read, channel, message, keep.Milliseconds(), len(set) / 2}
	args = append(append(args, set...), len(deleted))
	args = append(append(args, deleted...), len(conditional)/2)
	answer, err := jarScript.Run(ctx, c, []string{key}, append(args, conditional...)...).StringSlice()
	if err != nil {
		return nil, err
	}
	fields := make(map[string]string, len(answer)/2)
	for i := 0; i+1 < len(answer); i += 2 {
		fields[answer[i]] = answer[i+1]
	}
	return fields, nil
}
