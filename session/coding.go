package session

import (
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/codec"
)

// maxCompressed is up to which size a body in memory is compressed before it is
// sent, so that its length is known: many servers take no chunks.
const maxCompressed = 1 << 20

// codingOptions is what a request says about content codings.
type codingOptions struct {
	compress string          // a coding, or none
	raw      bool            // the response's body stays as it came
	decoding *codec.Decoding // nil: the defaults; never changed
}

// Codec decodes a content coding that the library does not know, or in the
// place of one that it does: see [Codecs].
type Codec struct {
	// Name is the token of the Content-Encoding header; case does not matter.
	Name string
	// NewReader decodes src, of which there is a byte at least. The reader that
	// it returns is used by one goroutine at a time and closed once, after its end
	// or before. It need not look for the end of src: what it leaves there is an
	// error of the body. NewReader must be safe for concurrent use.
	NewReader func(src io.Reader) (io.ReadCloser, error)
}

// Codecs adds codecs, for responses that have such a coding; the one that was
// added last counts, and counts for more than a built-in one: those are gzip,
// deflate, br and zstd. What a codec returns is bounded like what they return.
// It changes no header: ask for the coding with Header("Accept-Encoding", …).
// (aiohttp: set_zlib_backend)
func Codecs(codecs ...Codec) Option {
	names := make([]string, len(codecs))
	for i := range codecs {
		names[i] = codecs[i].Name
	}
	return checkedOption("Codecs", names, func(o *options) error {
		added := make([]codec.Codec, len(codecs))
		for i, c := range codecs {
			switch {
			case !isToken(c.Name) || strings.EqualFold(c.Name, "identity"):
				return &errors.InvalidRequestError{Field: "Codecs", Reason: "not the name of a coding"}
			case c.NewReader == nil:
				return &errors.InvalidRequestError{Field: "Codecs", Reason: "nil NewReader"}
			}
			added[len(codecs)-1-i] = codec.Codec(c)
		}
		d := changeCopy(&o.coding.decoding)
		d.Codecs = slices.Concat(added, d.Codecs)
		return nil
	})
}

// MaxDecompressed bounds what decoding makes of a response's body: to size
// bytes, and to ratio times the bytes that have come in, of which the first 4 MiB
// that are decoded are exempt. A body that goes beyond either fails with an
// [*errors.ClientPayloadError] of the class ErrContentEncoding, which is also an
// [*errors.BodyTooLargeError]. Both bounds hold for each coding of several.
//
// A size of zero is no bound, as [MaxBodySize] is the one for all bodies. A
// ratio of zero is 200, which text, JSON and tables keep well below, while a body
// of zeros, gzip's best case, comes to 1029. A negative ratio is no bound: take
// it for disk images and the like, from servers that you trust.
func MaxDecompressed(size int64, ratio int) Option {
	return setOption("MaxDecompressed", []string{strconv.FormatInt(size, 10), strconv.Itoa(ratio)}, func(o *options) {
		changeCopy(&o.coding.decoding).Limits = codec.Limits{Size: size, Ratio: ratio}
	})
}

// NoDecompress leaves a response's body in its content coding. It changes no
// header. (aiohttp: auto_decompress=False)
func NoDecompress() Option {
	return setOption("NoDecompress", nil, func(o *options) { o.coding.raw = true })
}

// newDecoder returns a reader without the codings that the header names. It is false if
// there are none, one is unknown, or NoDecompress is set; see
// [codec.Decoding.NewReader].
func (o *codingOptions) newDecoder(lines []string, src io.ReadCloser) (*codec.Reader, bool) {
	switch {
	case o.raw:
		return nil, false
	case o.decoding == nil:
		return codec.NewReader(lines, src)
	}
	return o.decoding.NewReader(lines, src)
}

// Compress sends the body in a content coding, gzip, deflate, br or zstd, and
// says so in Content-Encoding; "" turns a session's Compress off. The server has
// to know the coding, and there is no way to ask it before.
//
// A body of up to 1 MiB that is in memory, such as [JSON] and [Bytes], is
// compressed first and sent with its length. Any other is compressed while it is
// sent, in chunks and without a goroutine; what a [Stream] yields may then stay
// in the encoder until more comes. A body that could be sent again after a
// redirect still can be.
//
// A request without a body has nothing to compress. It is an error to set
// Content-Encoding or Content-Length as well. The requests of [Session.Do] are
// sent as they are. (aiohttp: compress; True is "deflate")
func Compress(coding string) Option {
	return checkedOption("Compress", []string{strconv.Quote(coding)}, func(o *options) error {
		name := codec.Coding(coding)
		if name == "" && coding != "" {
			return &errors.InvalidRequestError{Field: "Compress", Reason: "unknown coding"}
		}
		o.coding.compress = name
		return nil
	})
}

// resolveCompress puts the body into its coding.
func (o *options) resolveCompress() error {
	if o.coding.compress == "" || o.native != nil || o.body == nil || o.body.length == 0 {
		return nil
	}
	for _, name := range []string{"Content-Encoding", "Content-Length"} {
		if o.header[name] != nil {
			return &errors.InvalidRequestError{Field: "header " + name, Reason: "cannot be set together with Compress"}
		}
	}
	body, err := o.body.withCoding(o.coding.compress)
	if err != nil {
		return &errors.InvalidRequestError{Field: "Compress", Reason: "cannot be encoded", Err: err}
	}
	o.body = body
	o.ownHeader()["Content-Encoding"] = []string{o.coding.compress}
	return nil
}

// withCoding is b in a content coding.
func (b *bodySource) withCoding(coding string) (*bodySource, error) {
	if len(b.data) > 0 && len(b.data) <= maxCompressed {
		data, err := codec.Compress(coding, b.data)
		if err != nil {
			return nil, err
		}
		return memoryBody(data, b.contentType), nil
	}
	c := *b
	c.data, c.length = nil, -1
	c.open = func() (io.ReadCloser, error) {
		body, err := b.open()
		if err != nil {
			return nil, err
		}
		return codec.NewEncoder(coding, body), nil
	}
	return &c, nil
}

// withCodecs is the session's own options with those for its codecs before them.
func (cfg *Config) withCodecs() []Option {
	if len(cfg.Codecs) == 0 {
		return cfg.Options
	}
	return append([]Option{Codecs(cfg.Codecs...)}, cfg.Options...)
}
