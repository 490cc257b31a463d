package middleware

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"
)

// HARConfig says what a [HAR] keeps. The zero value works.
type HARConfig struct {
	// MaxEntries is how many exchanges are kept; the oldest go first. 0 is
	// 1000; negative is no limit.
	MaxEntries int
	// MaxBytes is about how much memory they may take, heads and bodies; the oldest
	// go first, and one that is larger itself is not kept. 0 is 64 MiB; negative is
	// no limit.
	MaxBytes int64
	// MaxBody is how many bytes of each body are kept. 0 and negative are none,
	// because bodies hold secrets that nobody can tell; sizes are kept anyway.
	MaxBody int64
	// Creator and CreatorVersion stand in the file for the program that wrote
	// it; empty is "aiolos" and "0".
	Creator, CreatorVersion string
	// Redaction says what is hidden.
	Redaction Redaction
}

// HAR records exchanges in the format that the network panel of a browser
// opens: HTTP Archive 1.2. [HAR.Wrap] is its [Middleware]; innermost it records
// every attempt and hop. An exchange is in it once its body was read to the end
// or closed, or once it failed. It is safe for concurrent use, and holds no
// goroutine and nothing to close.
type HAR struct {
	cfg     HARConfig
	mu      sync.Mutex
	entries []*harEntry
	size    int64
}

// NewHAR makes a recorder.
func NewHAR(cfg HARConfig) *HAR {
	if cfg.MaxEntries == 0 {
		cfg.MaxEntries = 1000
	}
	if cfg.MaxBytes == 0 {
		cfg.MaxBytes = 64 << 20
	}
	if cfg.Creator == "" {
		cfg.Creator = "aiolos"
	}
	if cfg.CreatorVersion == "" {
		cfg.CreatorVersion = "0"
	}
	return &HAR{cfg: cfg}
}

// Wrap is the recorder's [Middleware].
func (h *HAR) Wrap(next http.RoundTripper) http.RoundTripper {
	return Func(func(req *http.Request) (*http.Response, error) {
		x := &harExchange{har: h, req: req, start: time.Now()}
		resp, err := next.RoundTrip(x.outgoing())
		x.head = time.Now()
		if err != nil {
			x.end(nil, err)
			return nil, err
		}
		if resp.Request == x.sent {
			resp.Request = req // the caller's, not ours
		}
		x.resp = resp
		if resp.StatusCode == http.StatusSwitchingProtocols || resp.Body == nil || resp.Body == http.NoBody {
			x.end(nil, nil)
			return resp, nil
		}
		resp.Body = &harBody{ReadCloser: resp.Body, exchange: x, kept: harBuffer{limit: h.cfg.MaxBody}}
		return resp, nil
	})
}

// add keeps an entry, and makes room for it.
func (h *HAR) add(entry *harEntry) {
	entry.size = entry.memory()
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.cfg.MaxBytes > 0 && entry.size > h.cfg.MaxBytes {
		return
	}
	h.size += entry.size
	gone := 0
	for ; gone < len(h.entries); gone++ {
		tooMany := h.cfg.MaxEntries > 0 && len(h.entries)-gone >= h.cfg.MaxEntries
		if !tooMany && (h.cfg.MaxBytes < 0 || h.size <= h.cfg.MaxBytes) {
			break
		}
		h.size -= h.entries[gone].size
	}
	h.entries = append(slices.Delete(h.entries, 0, gone), entry)
}

// Len is how many exchanges are kept.
func (h *HAR) Len() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.entries)
}

// Reset forgets all exchanges.
func (h *HAR) Reset() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.entries, h.size = nil, 0
}

// WriteTo writes the file in the order in which the exchanges began. It may be
// called at any time, and again. It returns w's errors.
func (h *HAR) WriteTo(w io.Writer) (int64, error) {
	h.mu.Lock()
	entries := slices.Clone(h.entries)
	h.mu.Unlock()
	slices.SortStableFunc(entries, func(a, b *harEntry) int { return a.started.Compare(b.started) })
	if entries == nil {
		entries = []*harEntry{} // an empty list, not null
	}
	text, err := json.MarshalIndent(harFile{harLog{
		Version: "1.2", Creator: harCreator{h.cfg.Creator, h.cfg.CreatorVersion}, Entries: entries,
	}}, "", "  ")
	if err != nil {
		return 0, err
	}
	n, err := w.Write(append(text, '\n'))
	return int64(n), err
}

// harBuffer keeps the first bytes of a body and counts all of them.
type harBuffer struct {
	limit, size int64
	data        []byte
}

func (b *harBuffer) add(p []byte) {
	b.size += int64(len(p))
	if room := b.limit - int64(len(b.data)); room > 0 {
		b.data = append(b.data, p[:min(room, int64(len(p)))]...)
	}
}

// harBody counts the body of a response and tells its end.
type harBody struct {
	io.ReadCloser
	exchange *harExchange
	once     sync.Once

	mu   sync.Mutex // a body may be closed while it is read
	kept harBuffer
}

func (b *harBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if n > 0 {
		b.add(p[:n])
	}
	if err == io.EOF {
		b.end(nil)
	} else if err != nil {
		b.end(err)
	}
	return n, err
}

func (b *harBody) add(p []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.kept.add(p)
}

// WriteTo leaves the copying to the body, which may know better than Read.
func (b *harBody) WriteTo(w io.Writer) (int64, error) {
	n, err := io.Copy(harTee{b, w}, b.ReadCloser)
	b.end(err)
	return n, err
}

type harTee struct {
	body *harBody
	w    io.Writer
}

func (t harTee) Write(p []byte) (int, error) {
	n, err := t.w.Write(p)
	t.body.add(p[:max(0, min(n, len(p)))])
	return n, err
}

func (b *harBody) Close() error {
	err := b.ReadCloser.Close()
	b.end(nil)
	return err
}

func (b *harBody) end(err error) {
	b.once.Do(func() {
		b.mu.Lock()
		kept := b.kept
		b.mu.Unlock()
		b.exchange.end(&kept, err)
	})
}
