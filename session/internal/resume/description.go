package resume

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	stderrors "errors"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/aiolos-http/aiolos/internal/httprule"
)

// The ends of the names of unfinished files. What one program
// has left, another can go on with.
const (
	partSuffix        = ".part"
	descriptionSuffix = ".part.json"
	tempSuffix        = ".part.json.tmp"
	newSuffix         = ".part.json.new"
)

// maxDescription bounds what is read of a file that claims to be a description.
const maxDescription = 64 << 10

// description says what the bytes of an unfinished file are of.
type description struct {
	URL          string `json:"url"`
	ETag         string `json:"etag,omitempty"`
	LastModified string `json:"last-modified,omitempty"`
	Encoding     string `json:"encoding,omitempty"` // Content-Encoding, which the bytes are still in
	Length       int64  `json:"length"`             // of the whole; -1: not known
	// Have are the spans of the part that count, [start, end), if not all of it does.
	Have [][2]int64 `json:"have,omitempty"`
	Peer string     `json:"peer,omitempty"` // of whom the bytes are, if nobody has verified that: see fitsPeer
}

// describe describes the resource of a response that has all of it. If the body was
// decoded on the way, length and tag are not those of the file's bytes.
func describe(url string, r *Response) description {
	if r.Decoded {
		return description{URL: url, Length: -1}
	}
	m := description{URL: url, Encoding: contentCoding(r.Header), Length: r.ContentLength}
	if r.TLS != nil && len(r.TLS.VerifiedChains) == 0 {
		m.Peer = hashCertificate(r)
	}
	m.ETag = strongTag(r.Header.Get("ETag"))
	if isStrongDate(r.Header) {
		m.LastModified = r.Header.Get("Last-Modified")
	}
	return m
}

// hashCertificate is the SHA-256 of the certificate that came with a response, or empty.
func hashCertificate(r *Response) string {
	if r.TLS == nil || len(r.TLS.PeerCertificates) == 0 {
		return ""
	}
	sum := sha256.Sum256(r.TLS.PeerCertificates[0].Raw)
	return hex.EncodeToString(sum[:])
}

// strongTag is the entity tag of a field's value, or empty if that is weak or none.
func strongTag(field string) string {
	if value, weak, ok := httprule.ParseETag(field); ok && !weak {
		return `"` + value + `"`
	}
	return ""
}

// isStrongDate reports whether Last-Modified tells two versions apart: it has to
// be a second older than the response (RFC 9110 8.8.2.2).
func isStrongDate(h http.Header) bool {
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
func (m description) validator() string {
	return cmp.Or(m.ETag, m.LastModified)
}

// isConfirmedBy reports whether a response has the validator, so that it is of the
// version that m describes.
func (m description) isConfirmedBy(r *Response) bool {
	if !m.fitsPeer(r) {
		return false
	}
	if m.ETag != "" {
		return strongTag(r.Header.Get("ETag")) == m.ETag
	}
	return m.LastModified != "" && r.Header.Get("Last-Modified") == m.LastModified
}

// fitsPeer reports whether a response may go on with the bytes as far as its sender
// goes. If their certificate was not verified, it has to come with the same one: a
// validator is no secret, and this request may be a pinned one.
func (m description) fitsPeer(r *Response) bool { return m.Peer == "" || m.Peer == hashCertificate(r) }

// isContradictedBy reports whether a response has a validator of another version.
func (m description) isContradictedBy(r *Response) bool {
	name := "Last-Modified"
	if m.ETag != "" {
		name = "ETag"
	}
	return r.Header.Get(name) != "" && !m.isConfirmedBy(r)
}

// isSameVersion reports whether two descriptions are of one version of a resource.
func (m description) isSameVersion(other description) bool {
	if m.Length >= 0 && other.Length >= 0 && m.Length != other.Length {
		return false
	}
	return m.URL == other.URL && m.Encoding == other.Encoding && m.validator() != "" && m.validator() == other.validator()
}

// parseDescription checks a description, which may come from anywhere.
func parseDescription(data []byte) (description, error) {
	var m description
	if err := json.Unmarshal(data, &m); err != nil {
		return description{}, err
	}
	if m.URL == "" || m.Length < -1 {
		return description{}, stderrors.New("not the description of an unfinished file")
	}
	if err := checkHave(m.Have, m.Length); err != nil {
		return description{}, err
	}
	m.ETag = strongTag(m.ETag)
	if _, err := http.ParseTime(m.LastModified); err != nil {
		m.LastModified = ""
	}
	return m, nil
}

func readDescription(root *os.Root, name string) (description, error) {
	info, err := root.Lstat(name)
	if err == nil && !info.Mode().IsRegular() {
		err = ErrNotRegular
	}
	if err != nil {
		return description{}, err
	}
	f, err := root.Open(name)
	if err != nil {
		return description{}, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxDescription))
	if err != nil {
		return description{}, err
	}
	return parseDescription(data)
}

// writeDescription replaces the description of name's unfinished file in one step. It
// may hold a URL with a secret in it, so that only its owner can read it.
func writeDescription(root *os.Root, name string, m description) error {
	var data bytes.Buffer
	enc := json.NewEncoder(&data)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(m); err != nil {
		return err
	}
	if err := root.WriteFile(name+newSuffix, data.Bytes(), 0o600); err != nil {
		root.Remove(name + newSuffix) //nolint:errcheck // the error that counts is known
		return err
	}
	return root.Rename(name+newSuffix, name+descriptionSuffix)
}
