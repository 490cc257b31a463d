package session

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	stderrors "errors"
	"io"
	"net/http"
	"os"
	"strings"
	"time"
)

// The ends of the names of unfinished files. What one program
// has left, another can go on with.
const (
	partSuffix = ".part"
	metaSuffix = ".part.json"
	tempSuffix = ".part.json.tmp"
)

// maxMeta bounds what is read of a file that claims to be a description.
const maxMeta = 64 << 10

// partMeta says what the bytes of an unfinished file are of.
type partMeta struct {
	URL          string `json:"url"`
	ETag         string `json:"etag,omitempty"`
	LastModified string `json:"last-modified,omitempty"`
	Encoding     string `json:"encoding,omitempty"` // Content-Encoding, which the bytes are still in
	Length       int64  `json:"length"`             // of the whole; -1: not known
	Peer         string `json:"peer,omitempty"`     // of whom the bytes are, if nobody has verified that: see fitsPeer
}

// newMeta describes the resource of a response that has all of it. If the body
// was decoded on the way, length and tag are not those of the file's bytes.
func newMeta(url string, r *Response) partMeta {
	if r.body.decoding != nil || r.Uncompressed {
		return partMeta{URL: url, Length: -1}
	}
	m := partMeta{URL: url, Encoding: contentCoding(r.Header), Length: r.ContentLength}
	if r.TLS != nil && len(r.TLS.VerifiedChains) == 0 {
		m.Peer = peerOf(r)
	}
	if tag, ok := r.ETag(); ok && !tag.Weak {
		m.ETag = tag.String()
	}
	if strongDate(r.Header) {
		m.LastModified = r.Header.Get("Last-Modified")
	}
	return m
}

// peerOf is the SHA-256 of the certificate that came with a response, or empty.
func peerOf(r *Response) string {
	if r.TLS == nil || len(r.TLS.PeerCertificates) == 0 {
		return ""
	}
	sum := sha256.Sum256(r.TLS.PeerCertificates[0].Raw)
	return hex.EncodeToString(sum[:])
}

// strongDate reports whether Last-Modified tells two versions apart: it has to
// be a second older than the response (RFC 9110 8.8.2.2).
func strongDate(h http.Header) bool {
	modified, err := http.ParseTime(h.Get("Last-Modified"))
	if err != nil {
		return false
	}
	date, err := http.ParseTime(h.Get("Date"))
	return err == nil && date.Sub(modified) >= time.Second
}

// contentCoding is what a body is in, or empty.
func contentCoding(h http.Header) string {
	coding := strings.ToLower(strings.Join(h["Content-Encoding"], ","))
	if coding == "identity" {
		return ""
	}
	return coding
}

// validator is what If-Range may carry: a strong tag, else a strong date, else
// nothing (RFC 9110 13.1.5).
func (m partMeta) validator() string {
	if m.ETag != "" {
		return m.ETag
	}
	return m.LastModified
}

// confirms reports whether a response has the validator, so that it is of the
// version that m describes.
func (m partMeta) confirms(r *Response) bool {
	if !m.fitsPeer(r) {
		return false
	}
	if m.ETag != "" {
		tag, ok := r.ETag()
		return ok && !tag.Weak && tag.String() == m.ETag
	}
	return m.LastModified != "" && r.Header.Get("Last-Modified") == m.LastModified
}

// fitsPeer reports whether a response may go on with the bytes as far as its sender
// goes. If their certificate was not verified, it has to come with the same one: a
// validator is no secret, and this request may be a pinned one.
func (m partMeta) fitsPeer(r *Response) bool { return m.Peer == "" || m.Peer == peerOf(r) }

// contradicts reports whether a response has a validator of another version.
func (m partMeta) contradicts(r *Response) bool {
	name := "Last-Modified"
	if m.ETag != "" {
		name = "ETag"
	}
	return r.Header.Get(name) != "" && !m.confirms(r)
}

// same reports whether two descriptions are of one version of a resource.
func (m partMeta) same(other partMeta) bool {
	if m.Length >= 0 && other.Length >= 0 && m.Length != other.Length {
		return false
	}
	return m.URL == other.URL && m.Encoding == other.Encoding && m.validator() != "" && m.validator() == other.validator()
}

// parseMeta checks a description, which may come from anywhere.
func parseMeta(data []byte) (partMeta, error) {
	var m partMeta
	if err := json.Unmarshal(data, &m); err != nil {
		return partMeta{}, err
	}
	if m.URL == "" || m.Length < -1 {
		return partMeta{}, stderrors.New("not the description of an unfinished file")
	}
	if tag, ok := ParseETag(m.ETag); !ok || tag.Weak {
		m.ETag = ""
	}
	if _, err := http.ParseTime(m.LastModified); err != nil {
		m.LastModified = ""
	}
	return m, nil
}

func readMeta(root *os.Root, name string) (partMeta, error) {
	info, err := root.Lstat(name)
	if err != nil {
		return partMeta{}, err
	}
	if !info.Mode().IsRegular() {
		return partMeta{}, stderrors.New("not a regular file")
	}
	f, err := root.Open(name)
	if err != nil {
		return partMeta{}, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxMeta))
	if err != nil {
		return partMeta{}, err
	}
	return parseMeta(data)
}

// writeMeta replaces the description of name's unfinished file in one step. It
// may hold a URL with a secret in it, so that only its owner can read it.
func writeMeta(root *os.Root, name string, m partMeta) error {
	var data bytes.Buffer
	enc := json.NewEncoder(&data)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(m); err != nil {
		return err
	}
	if err := root.WriteFile(name+tempSuffix, data.Bytes(), 0o600); err != nil {
		return err
	}
	return root.Rename(name+tempSuffix, name+metaSuffix)
}
