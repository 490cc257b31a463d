package testserver

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

func gzipped(w http.ResponseWriter, r *http.Request) {
	compressed(w, r, "gzip", func(to io.Writer) io.WriteCloser { return gzip.NewWriter(to) })
}

// deflated sends zlib's format, which is what HTTP means by deflate (RFC 9110,
// 8.4.1.2), or with ?raw the bare one that some servers send.
func deflated(w http.ResponseWriter, r *http.Request) {
	compressed(w, r, "deflate", func(to io.Writer) io.WriteCloser {
		if r.URL.Query().Has("raw") {
			raw, _ := flate.NewWriter(to, flate.DefaultCompression) // the level is a valid one
			return raw
		}
		return zlib.NewWriter(to)
	})
}

// compressed does so whatever Accept-Encoding says: a client that did not ask
// for it is a case worth a test.
func compressed(w http.ResponseWriter, r *http.Request, coding string, writer func(io.Writer) io.WriteCloser) {
	seen, ok := look(w, r)
	if !ok {
		return
	}
	var body bytes.Buffer
	z := writer(&body)
	err := json.NewEncoder(z).Encode(seen)
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Encoding", coding)
	w.Header().Set("Content-Length", strconv.Itoa(body.Len()))
	w.Write(body.Bytes()) // the client has gone
}

// maxBytes is the longest pattern.
const maxBytes = 1 << 30

func pattern(w http.ResponseWriter, r *http.Request) {
	n, ok := number(w, "bytes", r.PathValue("n"), 0, maxBytes)
	if !ok {
		return
	}
	var seed int64
	if s := r.FormValue("seed"); s != "" {
		if seed, ok = number(w, "seed", s, 0, 1<<62); !ok {
			return
		}
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("ETag", fmt.Sprintf(`"%d-%d"`, n, seed))
	http.ServeContent(w, r, "", time.Time{}, Bytes(n, uint64(seed)))
}

// Bytes returns what /bytes/N?seed=S sends. It looks random, costs no memory and
// is the same each time.
func Bytes(n int64, seed uint64) *io.SectionReader {
	return io.NewSectionReader(noise(seed), 0, n)
}

// noise is an endless io.ReaderAt of the words of a SplitMix64 generator.
type noise uint64

func (s noise) ReadAt(p []byte, off int64) (int, error) {
	var word [8]byte
	for n := 0; n < len(p); {
		at := uint64(off) + uint64(n)
		binary.LittleEndian.PutUint64(word[:], s.word(at/8))
		n += copy(p[n:], word[at%8:])
	}
	return len(p), nil
}

func (s noise) word(i uint64) uint64 {
	x := uint64(s) + (i+1)*0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
