package dial

import (
	"crypto/md5"  //nolint:gosec // for pins of servers of which nothing better is known
	"crypto/sha1" //nolint:gosec // as above
	"crypto/sha256"
	"crypto/subtle"
	"crypto/tls"
	"encoding/hex"

	"github.com/aiolos-http/aiolos/errors"
)

// Pin is the digest of the one certificate that a server may show. The zero Pin
// pins nothing. Pins are compared with ==.
type Pin struct {
	sum    [sha256.Size]byte
	size   uint8 // of the digest; 0: no pin
	verify bool
}

// NewPin returns the pin of a digest, whose kind its length tells: 16 bytes are of
// MD5, 20 of SHA-1, 32 of SHA-256. It reports false for another length.
func NewPin(digest []byte) (Pin, bool) {
	switch len(digest) {
	case sha256.Size, md5.Size, sha1.Size:
		p := Pin{size: uint8(len(digest))} //nolint:gosec // at most 32
		copy(p.sum[:], digest)
		return p, true
	}
	return Pin{}, false
}

// Verified returns a pin that has to match beside the verification of the chain
// and the name, in the place of which it stands otherwise.
func (p Pin) Verified() Pin {
	p.verify = p.size > 0
	return p
}

// IsZero reports whether p pins nothing.
func (p Pin) IsZero() bool { return p.size == 0 }

// Digest returns a copy of the digest.
func (p Pin) Digest() []byte { return append([]byte(nil), p.sum[:p.size]...) }

// String is the digest in hexadecimal digits.
func (p Pin) String() string { return hex.EncodeToString(p.sum[:p.size]) }

// Require has cfg fail with an [errors.ServerFingerprintMismatch], which names the
// host and port, if the server shows another certificate. An empty host is the name
// that the connection asked for.
//
// It goes by VerifyConnection, which is called for resumed sessions too, unlike
// VerifyPeerCertificate.
func (p Pin) Require(cfg *tls.Config, host string, port int) {
	before := cfg.VerifyConnection
	cfg.VerifyConnection = func(state tls.ConnectionState) error {
		if got, ok := p.checkCertificate(state); !ok {
			mismatch := &errors.ServerFingerprintMismatch{Expected: p.Digest(), Got: got, Host: host, Port: port}
			if host == "" {
				mismatch.Host = state.ServerName
			}
			return mismatch
		}
		if before == nil {
			return nil
		}
		return before(state)
	}
}

func (p Pin) checkCertificate(state tls.ConnectionState) ([]byte, bool) {
	if len(state.PeerCertificates) == 0 {
		return nil, false
	}
	got := p.digestOf(state.PeerCertificates[0].Raw)
	return got, subtle.ConstantTimeCompare(got, p.sum[:p.size]) == 1
}

// digestOf is the certificate's digest of the pin's kind.
func (p Pin) digestOf(der []byte) []byte {
	switch p.size {
	case md5.Size:
		sum := md5.Sum(der) //nolint:gosec // as above
		return sum[:]
	case sha1.Size:
		sum := sha1.Sum(der) //nolint:gosec // as above
		return sum[:]
	}
	sum := sha256.Sum256(der)
	return sum[:]
}
