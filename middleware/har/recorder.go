package har

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/aiolos-http/aiolos/internal/redact"
	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/middleware/internal/bodytap"
	"github.com/aiolos-http/aiolos/middleware/internal/redaction"
)

// Config says what a [Recorder] keeps. The zero value works.
type Config struct {
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
	Redaction middleware.Redaction
}

// Recorder records exchanges in the format that the network panel of a browser
// opens: HTTP Archive 1.2. [Recorder.Wrap] is its [middleware.Middleware]; innermost it records
// every attempt and hop. An exchange is in it once its body was read to the end
// or closed, or once it failed. It is safe for concurrent use, and holds no
// goroutine and nothing to close.
type Recorder struct {
	cfg     Config
	rules   *redaction.Rules
	mu      sync.Mutex
	entries []*recorded
	size    int64 // of the entries
}

// recorded is an entry of a recorder.
type recorded struct {
	entry *Entry
	start time.Time
	size  int64 // see memorySize
}

// New makes a recorder.
func New(cfg Config) *Recorder {
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
	h := &Recorder{cfg: cfg}
	h.rules = (*redaction.Rules)(&h.cfg.Redaction)
	return h
}

// Format writes the name of the type: entries may hold secrets.
func (h *Recorder) Format(f fmt.State, verb rune) {
	redact.Struct{Name: "har.Recorder"}.Format(f, verb)
}

// Wrap is the recorder's [middleware.Middleware].
func (h *Recorder) Wrap(next http.RoundTripper) http.RoundTripper {
	return middleware.Func(func(req *http.Request) (*http.Response, error) {
		x := &exchange{recorder: h, req: req, start: time.Now()}
		resp, err := next.RoundTrip(x.tracedRequest())
		x.head = time.Now()
		if err != nil {
			x.finish(nil, err)
			return nil, err
		}
		if resp.Request == x.sent {
			resp.Request = req // the caller's, not ours
		}
		x.resp = resp
		if resp.StatusCode == http.StatusSwitchingProtocols || resp.Body == nil || resp.Body == http.NoBody {
			x.finish(nil, nil)
			return resp, nil
		}
		resp.Body = bodytap.Response(resp.Body, h.cfg.MaxBody, func(kept bodytap.Buffer, err error) { x.finish(&kept, err) })
		return resp, nil
	})
}

// keepEntry keeps an entry; the oldest make room for it.
func (h *Recorder) keepEntry(e *Entry, start time.Time) {
	kept := &recorded{e, start, memorySize(e)}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.cfg.MaxBytes > 0 && kept.size > h.cfg.MaxBytes {
		return
	}
	h.size += kept.size
	gone := 0
	for ; gone < len(h.entries); gone++ {
		tooMany := h.cfg.MaxEntries > 0 && len(h.entries)-gone >= h.cfg.MaxEntries
		if !tooMany && (h.cfg.MaxBytes < 0 || h.size <= h.cfg.MaxBytes) {
			break
		}
		h.size -= h.entries[gone].size
	}
	h.entries = append(slices.Delete(h.entries, 0, gone), kept)
}

// memorySize is about how many bytes an entry takes.
func memorySize(e *Entry) int64 {
	size := 1000 + len(e.Request.URL) + len(e.Response.Content.Text) + len(e.Response.Error) +
		len(e.Response.StatusText) + len(e.Response.RedirectURL) + len(e.Response.Content.MimeType)
	if e.Request.Post != nil {
		size += len(e.Request.Post.Text) + len(e.Request.Post.MimeType)
	}
	for _, fields := range [][]NameValue{
		e.Request.Headers, e.Request.Cookies, e.Request.Query, e.Response.Headers, e.Response.Cookies,
	} {
		for _, field := range fields {
			size += len(field.Name) + len(field.Value) + 32
		}
	}
	return int64(size)
}

// Len is how many exchanges are kept.
func (h *Recorder) Len() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.entries)
}

// Reset forgets all exchanges.
func (h *Recorder) Reset() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.entries, h.size = nil, 0
}

// WriteTo writes the file in the order in which the exchanges began. It may be
// called at any time, and again. It returns w's errors.
func (h *Recorder) WriteTo(w io.Writer) (int64, error) {
	h.mu.Lock()
	all := slices.Clone(h.entries)
	h.mu.Unlock()
	slices.SortStableFunc(all, func(a, b *recorded) int { return a.start.Compare(b.start) })
	entries := make([]*Entry, len(all)) // an empty list, not null
	for i, r := range all {
		entries[i] = r.entry
	}
	text, err := json.MarshalIndent(archive{archiveLog{
		Version: "1.2", Creator: creator{h.cfg.Creator, h.cfg.CreatorVersion}, Entries: entries,
	}}, "", "  ")
	if err != nil {
		return 0, err
	}
	n, err := w.Write(append(text, '\n'))
	return int64(n), err
}
