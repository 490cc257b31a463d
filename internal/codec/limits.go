package codec

import (
	"cmp"

	"github.com/aiolos-http/aiolos/errors"
)

const (
	// DefaultRatio is how many bytes one byte on the wire may become. It is what
	// Apache httpd's mod_deflate allows. Text, JSON and tables of numbers stay
	// below 100; gzip alone makes 1029 of zeros, and brotli and zstd far more.
	DefaultRatio = 200
	// FreeBytes is what a body may always decode to, whatever its ratio: 4 MiB. It
	// lets small sheets of zeros pass, and keeps low what a bomb costs: a decoder's
	// window, 16 MiB for br and 9 for zstd at most, and a caller's buffer that
	// grows to this.
	FreeBytes = 4 << 20
)

// Limits bound what decoding may make of a body. The bounds hold for each coding
// of a stack, so that no coding can hide another's output from them, and they
// are checked while decoding, not afterwards.
type Limits struct {
	// Size is how many decoded bytes there may be. Zero or negative: any number.
	Size int64
	// Ratio is how many bytes each byte on the wire may become once there are
	// more than [FreeBytes]. Zero is [DefaultRatio]; negative: any number.
	Ratio int
}

// allowedSize is how many bytes there may be after wire bytes have come in, or -1.
func (l Limits) allowedSize(wire int64) int64 {
	allowed := int64(-1)
	if l.Ratio >= 0 {
		ratio := cmp.Or(int64(l.Ratio), DefaultRatio)
		if allowed = ratio * wire; allowed/ratio != wire {
			allowed = -1 // more than can be counted
		} else {
			allowed = max(allowed, FreeBytes)
		}
	}
	if l.Size > 0 && (allowed < 0 || l.Size < allowed) {
		allowed = l.Size
	}
	return allowed
}

// applyLimits cuts what was decoded last to what may be. It is called by the goroutine
// that reads.
func (r *Reader) applyLimits(n int, err error) (int, error) {
	allowed := r.limits.allowedSize(r.wire.n)
	before := r.decoded.Load()
	if allowed < 0 || before+int64(n) <= allowed {
		return n, err
	}
	return int(max(allowed-before, 0)), &errors.BodyTooLargeError{Limit: allowed, Decompressed: true}
}
