package download

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"time"
)

// Meta says what the bytes of an unfinished file are of. It is the content of
// NAME.part.json.
type Meta struct {
	URL          string `json:"url"`
	ETag         string `json:"etag,omitempty"`
	LastModified string `json:"last-modified,omitempty"`
	Length       int64  `json:"length"` // of the whole; -1: not known
}

// maxMeta bounds what is read of a file that claims to be a Meta.
const maxMeta = 64 << 10

// newMeta describes the resource of a response that has all of it.
func newMeta(url string, resp *http.Response) Meta {
	m := Meta{URL: url, ETag: resp.Header.Get("ETag"), Length: resp.ContentLength}
	if strongDate(resp.Header) {
		m.LastModified = resp.Header.Get("Last-Modified")
	}
	if resp.Uncompressed {
		// Length and tag are those of the bytes that were sent, and these
		// were decoded on the way.
		m.ETag, m.LastModified, m.Length = "", "", -1
	}
	return m
}

// strongDate reports whether Last-Modified tells two versions apart: it has to
// be older than the response by a second at least (RFC 9110, section 8.8.2.2).
func strongDate(h http.Header) bool {
	modified, err := http.ParseTime(h.Get("Last-Modified"))
	if err != nil {
		return false
	}
	date, err := http.ParseTime(h.Get("Date"))
	return err == nil && date.Sub(modified) >= time.Second
}

// validator returns what If-Range may carry: a strong tag, else a date that is
// strong, else nothing (RFC 9110, section 13.1.5). Without one the resource may
// have changed and the file has to be fetched anew.
func (m Meta) validator() string {
	if strongTag(m.ETag) {
		return m.ETag
	}
	return m.LastModified
}

// strongTag reports whether an entity tag is well-formed and not weak.
func strongTag(tag string) bool {
	if len(tag) < 2 || tag[0] != '"' || tag[len(tag)-1] != '"' {
		return false
	}
	for _, c := range []byte(tag[1 : len(tag)-1]) {
		if c <= 0x20 || c == '"' || c == 0x7f {
			return false
		}
	}
	return true
}

// readMeta reads a description and refuses one that makes no sense.
func readMeta(root *os.Root, name string) (Meta, error) {
	f, err := root.Open(name)
	if err != nil {
		return Meta{}, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxMeta))
	if err != nil {
		return Meta{}, err
	}
	return parseMeta(data)
}

// parseMeta checks a description. It may come from anywhere.
func parseMeta(data []byte) (Meta, error) {
	var m Meta
	if err := json.Unmarshal(data, &m); err != nil {
		return Meta{}, err
	}
	if m.URL == "" || m.Length < -1 {
		return Meta{}, errors.New("not the description of an unfinished file")
	}
	if !strongTag(m.ETag) {
		m.ETag = ""
	}
	if _, err := http.ParseTime(m.LastModified); err != nil {
		m.LastModified = ""
	}
	return m, nil
}

// writeMeta replaces a description in one step. It may hold a URL with a secret
// in it, so that only its owner can read it.
func writeMeta(root *os.Root, name string, m Meta) error {
	var data bytes.Buffer
	enc := json.NewEncoder(&data)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(m); err != nil {
		return err
	}
	temp := strings.TrimSuffix(name, metaSuffix) + tempSuffix
	if err := root.WriteFile(temp, data.Bytes(), 0o600); err != nil {
		return err
	}
	return root.Rename(temp, name)
}
