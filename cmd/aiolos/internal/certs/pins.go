package certs

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/aiolos-http/aiolos/connector"
)

// keyPrefix is what curl writes in front of the pin of a public key.
const keyPrefix = "sha256//"

// Pin is the pin of a certificate as the library takes it: the SHA-256 of all of
// it.
func Pin(cert *x509.Certificate) connector.Pin {
	sum := sha256.Sum256(cert.Raw)
	pin, err := connector.NewPin(sum[:])
	if err != nil {
		return connector.Pin{} // the length is right
	}
	return pin
}

// KeyPin is the pin of the public key alone (RFC 7469 2.4), as curl takes it. It
// stays the same when a certificate is renewed with its key.
func KeyPin(cert *x509.Certificate) string {
	sum := sha256.Sum256(cert.RawSubjectPublicKeyInfo)
	return keyPrefix + base64.StdEncoding.EncodeToString(sum[:])
}

// Wanted is a pin to compare with: of a certificate or of a public key.
type Wanted struct {
	pin connector.Pin
	key []byte // of the public key, if it is one of these
}

// ParseWanted reads a pin: what [connector.ParsePin] reads is of a certificate,
// what begins with sha256// of a public key.
func ParseWanted(text string) (Wanted, error) {
	rest, isKey := strings.CutPrefix(strings.TrimSpace(text), keyPrefix)
	if !isKey || !IsKeyPin(text) {
		pin, err := connector.ParsePin(text)
		return Wanted{pin: pin}, err
	}
	key, err := base64.StdEncoding.Strict().DecodeString(rest)
	if err != nil || len(key) != sha256.Size {
		return Wanted{}, errors.New("sha256// is followed by the base64 of 32 bytes")
	}
	return Wanted{key: key}, nil
}

// IsKeyPin reports whether a pin is written as that of a public key. One character
// short of it, the second slash is the first of a certificate's digest behind
// "sha256/".
func IsKeyPin(text string) bool {
	rest, ok := strings.CutPrefix(strings.TrimSpace(text), keyPrefix)
	return ok && len(rest) != base64.StdEncoding.EncodedLen(sha256.Size)-1
}

// Matches reports whether a certificate is the one that is wanted.
func (w Wanted) Matches(cert *x509.Certificate) bool {
	return len(w.Digest()) > 0 && bytes.Equal(w.Of(cert), w.Digest())
}

// Of is the digest of a certificate that is to be compared with the pin's.
func (w Wanted) Of(cert *x509.Certificate) []byte {
	if w.key == nil {
		return Pin(cert).Digest()
	}
	sum := sha256.Sum256(cert.RawSubjectPublicKeyInfo)
	return sum[:]
}

// Digest is the SHA-256 of the pin.
func (w Wanted) Digest() []byte {
	if w.key != nil {
		return w.key
	}
	return w.pin.Digest()
}

// Key names the kind of a certificate's public key.
func Key(cert *x509.Certificate) string {
	switch key := cert.PublicKey.(type) {
	case *rsa.PublicKey:
		return fmt.Sprintf("RSA %d", key.N.BitLen())
	case *ecdsa.PublicKey:
		return "ECDSA " + key.Curve.Params().Name
	case ed25519.PublicKey:
		return "Ed25519"
	}
	return cert.PublicKeyAlgorithm.String()
}
