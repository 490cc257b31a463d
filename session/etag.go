package session

import (
	"net/http"
	"strings"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/httprule"
)

// ETag is an entity tag (RFC 9110 8.8.3). The zero value is the tag "". (aiohttp:
// ETag)
type ETag struct {
	Value string // without the quotes
	Weak  bool
}

// ETagAny is the "*" of [IfNoneMatch], which stands for every tag. (aiohttp:
// ETAG_ANY)
const ETagAny = "*"

// ParseETag reads the value of an ETag header. (aiohttp: etag)
func ParseETag(s string) (tag ETag, ok bool) {
	tag.Value, tag.Weak, ok = httprule.ParseETag(s)
	return tag, ok
}

// String is the tag as the header has it.
func (t ETag) String() string {
	if t.Weak {
		return `W/"` + t.Value + `"`
	}
	return `"` + t.Value + `"`
}

// Match is the weak comparison, that of If-None-Match (RFC 9110 8.8.3.2).
func (t ETag) Match(other ETag) bool { return t.Value == other.Value }

// StrongMatch is the strong comparison, that of If-Match and If-Range: a weak tag
// equals none.
func (t ETag) StrongMatch(other ETag) bool { return !t.Weak && !other.Weak && t.Value == other.Value }

// ETag is the response's entity tag; ok is false if there is none that is valid.
func (r *Response) ETag() (tag ETag, ok bool) { return ParseETag(r.Header.Get("ETag")) }

// NotModified reports whether the answer to a conditional request is that what
// the caller has is current: status 304.
func (r *Response) NotModified() bool { return r.StatusCode == http.StatusNotModified }

// IfNoneMatch asks for a representation that has none of the tags, so that the
// answer is 304 without a body if one is current. Without tags, or with one
// whose Value is [ETagAny], it asks that there be none at all.
func IfNoneMatch(tags ...ETag) Option {
	list := make([]string, len(tags))
	for i, t := range tags {
		list[i] = t.String()
	}
	value := strings.Join(list, ", ")
	if len(tags) == 0 || len(tags) == 1 && tags[0].Value == ETagAny && !tags[0].Weak {
		value = "*"
	}
	return checkedOption("IfNoneMatch", []string{value}, func(o *options) error {
		for _, t := range tags {
			if !httprule.IsETagValue(t.Value) {
				return &errors.InvalidRequestError{Field: "IfNoneMatch", Reason: "not an entity tag"}
			}
		}
		o.setHeader("If-None-Match", value)
		return nil
	})
}
