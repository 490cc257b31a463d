// Package bodytap keeps the first bytes of the bodies that go through a middleware, for
// what writes exchanges down. Nothing is read that nobody reads.
package bodytap

import (
	"io"
	"net/http"
	"sync"
)

// Buffer keeps the first bytes of a body and counts all of them.
type Buffer struct {
	Data  []byte
	Size  int64
	limit int64
}

// add counts p, and keeps of it what there is room for.
func (b *Buffer) add(p []byte) {
	b.Size += int64(len(p))
	if room := b.limit - int64(len(b.Data)); room > 0 {
		b.Data = append(b.Data, p[:min(room, int64(len(p)))]...)
	}
}

// Request keeps the body of a request. Its zero value is ready.
type Request struct {
	mu   sync.Mutex
	kept Buffer
}

// Wrap has req, which must be a clone, tell what is read of its body: of the one that
// is sent last. Zero and negative limits keep nothing, and wrap nothing.
func (r *Request) Wrap(req *http.Request, limit int64) {
	if limit <= 0 || req.Body == nil || req.Body == http.NoBody {
		return
	}
	req.Body = r.begin(req.Body, limit)
	if open := req.GetBody; open != nil {
		req.GetBody = func() (io.ReadCloser, error) {
			body, err := open()
			if err != nil {
				return nil, err
			}
			return r.begin(body, limit), nil
		}
	}
}

// begin keeps a body anew.
func (r *Request) begin(body io.ReadCloser, limit int64) io.ReadCloser {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.kept = Buffer{limit: limit}
	return &requestBody{body, r}
}

// Kept is what was kept so far.
func (r *Request) Kept() Buffer {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.kept
}

type requestBody struct {
	io.ReadCloser
	tap *Request
}

func (b *requestBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if n > 0 {
		b.tap.mu.Lock()
		b.tap.kept.add(p[:n])
		b.tap.mu.Unlock()
	}
	return n, err
}

// Response is the body of a response. done is called once, when the body was read to
// its end, has failed, or was closed, with what was kept and the failure.
func Response(body io.ReadCloser, limit int64, done func(kept Buffer, err error)) io.ReadCloser {
	return &responseBody{ReadCloser: body, done: done, kept: Buffer{limit: limit}}
}

type responseBody struct {
	io.ReadCloser
	once sync.Once
	done func(Buffer, error)

	mu   sync.Mutex // a body may be closed while it is read
	kept Buffer
}

func (b *responseBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if n > 0 {
		b.add(p[:n])
	}
	if err == io.EOF {
		b.finish(nil)
	} else if err != nil {
		b.finish(err)
	}
	return n, err
}

func (b *responseBody) add(p []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.kept.add(p)
}

// WriteTo leaves the copying to the body, which may know better than Read.
func (b *responseBody) WriteTo(w io.Writer) (int64, error) {
	n, err := io.Copy(copyWriter{b, w}, b.ReadCloser)
	b.finish(err)
	return n, err
}

type copyWriter struct {
	body *responseBody
	w    io.Writer
}

func (t copyWriter) Write(p []byte) (int, error) {
	n, err := t.w.Write(p)
	t.body.add(p[:max(0, min(n, len(p)))])
	return n, err
}

func (b *responseBody) Close() error {
	err := b.ReadCloser.Close()
	b.finish(nil)
	return err
}

// finish tells the end, once.
func (b *responseBody) finish(err error) {
	b.once.Do(func() {
		b.mu.Lock()
		kept := b.kept
		b.mu.Unlock()
		b.done(kept, err)
	})
}
