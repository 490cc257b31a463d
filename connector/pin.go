package connector

import (
	"crypto/md5"  //nolint:gosec // what NewLegacyPin is for
	"crypto/sha1" //nolint:gosec // as above
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/aiolos-http/aiolos/connector/internal/dial"
	"github.com/aiolos-http/aiolos/errors"
)

// Pin is the digest of the one certificate that a server may show: of the whole
// leaf certificate as it goes over the wire (DER). The zero Pin pins nothing.
// Pins can be compared with ==. (aiohttp: Fingerprint)
//
// As in aiohttp a pin takes the place of the verification: the certificate may
// be self-signed, expired, or for another name. [Pin.Verified] asks for both.
type Pin struct {
	pin dial.Pin
}

// NewPin returns the pin of a SHA-256 digest, which has 32 bytes. Anything else
// is an [errors.InvalidRequestError].
func NewPin(digest []byte) (Pin, error) {
	switch len(digest) {
	case sha256.Size:
		return newPin(digest), nil
	case md5.Size, sha1.Size:
		return Pin{}, badPin("md5 and sha1 are insecure; use sha256, or NewLegacyPin if there is no other way")
	}
	return Pin{}, badPin("a sha256 digest has 32 bytes")
}

// NewLegacyPin is [NewPin] that takes MD5 (16 bytes) and SHA-1 (20 bytes) too,
// for servers of which nothing better is known. Certificates with a given MD5
// can be forged.
func NewLegacyPin(digest []byte) (Pin, error) {
	switch len(digest) {
	case sha256.Size, md5.Size, sha1.Size:
		return newPin(digest), nil
	}
	return Pin{}, badPin("a digest has 16 (md5), 20 (sha1) or 32 bytes (sha256)")
}

// ParsePin reads a SHA-256 pin as tools print it: 64 hexadecimal digits, with
// or without colons between the bytes, or base64, with or without "sha256/"
// before it. White space around it is passed over. What curl calls a pin, with
// "sha256//", is the digest of the public key alone, and is refused.
func ParsePin(text string) (Pin, error) {
	text = strings.TrimSpace(text)
	if rest, ok := strings.CutPrefix(text, "sha256/"); ok {
		pin, err := pinFromBase64(rest)
		if key, slash := strings.CutPrefix(rest, "/"); err != nil && slash { // a digest may begin with one, too
			if _, err := pinFromBase64(key); err == nil {
				return Pin{}, badPin("sha256// is the digest of a public key, as curl has it; a pin is that of the certificate")
			}
		}
		return pin, err
	}
	digits := text
	if pairs := strings.Split(text, ":"); len(pairs) > 1 {
		if slices.ContainsFunc(pairs, func(pair string) bool { return len(pair) != 2 }) {
			return Pin{}, badPin("colons are between all bytes or none")
		}
		digits = strings.Join(pairs, "")
	}
	if digest, err := hex.DecodeString(digits); err == nil && len(digest) > 0 {
		return NewPin(digest)
	}
	return pinFromBase64(text)
}

func pinFromBase64(text string) (Pin, error) {
	digest, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil {
		return Pin{}, badPin("neither hexadecimal nor base64")
	}
	return NewPin(digest)
}

func newPin(digest []byte) Pin {
	pin, _ := dial.NewPin(digest) // the length has been looked at
	return Pin{pin}
}

func badPin(reason string) error {
	return &errors.InvalidRequestError{Field: "Fingerprint", Reason: reason}
}

// Verified returns a pin that has to match beside the verification of the
// chain and the host's name.
func (p Pin) Verified() Pin { return Pin{p.pin.Verified()} }

// IsZero reports whether p pins nothing.
func (p Pin) IsZero() bool { return p.pin.IsZero() }

// Digest returns a copy of the digest.
func (p Pin) Digest() []byte { return p.pin.Digest() }

// String is the digest in hexadecimal digits. It is no secret.
func (p Pin) String() string { return p.pin.String() }
