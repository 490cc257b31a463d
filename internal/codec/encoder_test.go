package codec_test

import (
	"bytes"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/codec"
	"github.com/aiolos-http/aiolos/internal/racetest"
)

var codings = []string{"gzip", "deflate", "br", "zstd"}

func TestCoding(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"gzip": "gzip", "GZip": "gzip", "x-gzip": "gzip", "deflate": "deflate", "br": "br", "BR": "br", "ZSTD": "zstd",
		"": "", "identity": "", "rot13": "", "gzip, br": "", " gzip": "",
	} {
		if got := codec.Coding(name); got != want {
			t.Errorf("%q: got %q, want %q", name, got, want)
		}
	}
}

func TestEncoderInFull(t *testing.T) {
	t.Parallel()
	texts := map[string]string{"empty": "", "short": "hello", "long": sample(racetest.Count(300<<10, 150<<10)), "zeros": strings.Repeat("\x00", racetest.Count(1<<20, 1<<18))}
	for _, coding := range codings {
		for name, text := range texts {
			for how, wrap := range slowly {
				t.Run(coding+"/"+name+"/"+how, func(t *testing.T) {
					t.Parallel()
					src := newBody(wrap(strings.NewReader(text)))
					e := codec.NewEncoder(coding, src)
					data, err := io.ReadAll(e)
					if err != nil {
						t.Fatal(err)
					}
					if n, err := e.Read(make([]byte, 1)); n != 0 || err != io.EOF {
						t.Errorf("Read after the end: got %d, %v, want 0, EOF", n, err)
					}
					if err := e.Close(); err != nil || src.closed != 1 {
						t.Errorf("Close: got %v, source closed %d times, want once", err, src.closed)
					}
					if got, err := decodeAll(t, data, coding); err != nil || got != text {
						t.Errorf("got %d bytes, %v, want %d", len(got), err, len(text))
					}
				})
			}
		}
	}
}

func TestEncoderContract(t *testing.T) {
	t.Parallel()
	text := sample(20 << 10)
	for _, coding := range codings {
		want, err := io.ReadAll(codec.NewEncoder(coding, newBody(strings.NewReader(text))))
		if err != nil {
			t.Fatal(err)
		}
		if err := iotest.TestReader(codec.NewEncoder(coding, newBody(strings.NewReader(text))), want); err != nil {
			t.Errorf("%s: %v", coding, err)
		}
	}
}

func TestCompress(t *testing.T) {
	t.Parallel()
	for _, coding := range codings {
		for _, text := range []string{"", "hello", sample(200 << 10)} {
			first := compress(t, coding, []byte(text))
			kept := bytes.Clone(first)
			compress(t, coding, []byte(sample(1000))) // with the same encoder
			if !bytes.Equal(first, kept) {
				t.Errorf("%s: the result does not belong to the caller", coding)
			}
			if got, err := decodeAll(t, first, coding); err != nil || got != text {
				t.Errorf("%s: got %d bytes, %v, want %d", coding, len(got), err, len(text))
			}
			if len(text) > 1000 && len(first) > len(text)/4 {
				t.Errorf("%s: got %d bytes of %d, want a quarter at most", coding, len(first), len(text))
			}
		}
	}
}

// TestEncoderLazy: nothing is read before it is asked for, nor much more.
func TestEncoderLazy(t *testing.T) {
	t.Parallel()
	for _, coding := range codings {
		if err := codec.NewEncoder(coding, newBody(untouchable{t})).Close(); err != nil {
			t.Error(err)
		}
		noise := &counter{r: io.LimitReader(randomReader(), 64<<20)}
		e := codec.NewEncoder(coding, newBody(noise))
		if _, err := io.ReadFull(e, make([]byte, 1<<20)); err != nil {
			t.Fatal(err)
		}
		if noise.n > 4<<20 {
			t.Errorf("%s: %d MiB were read for one", coding, noise.n>>20)
		}
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	}
}

type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// TestEncoderSourceError: an error of the source is the encoder's, as it is, and
// what comes out before does not pass for a whole body.
func TestEncoderSourceError(t *testing.T) {
	t.Parallel()
	mine := errors.New("mine")
	for _, coding := range codings {
		for _, n := range []int{0, 1, 40 << 10} {
			src := newBody(io.MultiReader(strings.NewReader(sample(50 << 10)[:n]), iotest.ErrReader(mine)))
			e := codec.NewEncoder(coding, src)
			data, err := io.ReadAll(e)
			if err != mine {
				t.Errorf("%s after %d: got %v, want %v", coding, n, err, mine)
			}
			if _, again := e.Read(make([]byte, 1)); again != mine {
				t.Errorf("%s after %d: next Read: got %v", coding, n, again)
			}
			if len(data) > 0 {
				_, err = decodeAll(t, data, coding)
				wantCoding(t, err, io.ErrUnexpectedEOF)
			}
			if err := e.Close(); err != nil || src.closed != 1 {
				t.Errorf("%s: Close: %v", coding, err)
			}
		}
	}
}

func TestEncoderClose(t *testing.T) {
	t.Parallel()
	for _, coding := range codings {
		pr, pw := io.Pipe()
		e := codec.NewEncoder(coding, pr)
		failed := make(chan error)
		go func() {
			_, err := io.ReadAll(e)
			failed <- err
		}()
		if _, err := pw.Write([]byte("hello")); err != nil { // returns when it was read
			t.Fatal(err)
		}
		if err := e.Close(); err != nil {
			t.Error(err)
		}
		if err := <-failed; !errors.Is(err, io.ErrClosedPipe) && !errors.Is(err, errors.ErrConnectionClosed) {
			t.Errorf("%s: got %v", coding, err)
		}
		if n, err := e.Read(make([]byte, 1)); n != 0 || err == nil || err == io.EOF {
			t.Errorf("%s: next Read: got %d, %v", coding, n, err)
		}
		if err := e.Close(); err != nil {
			t.Errorf("%s: second Close: %v", coding, err)
		}
	}
}

// TestEncoderPool: encoders that were left or have failed serve others.
func TestEncoderPool(t *testing.T) {
	t.Parallel()
	text := sample(60 << 10)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 5 {
				for _, coding := range codings {
					e := codec.NewEncoder(coding, newBody(strings.NewReader(text)))
					e.Read(make([]byte, 10)) // it is closed early
					wg.Go(func() { e.Close() })
					e.Read(make([]byte, 10)) // races with Close

					whole := codec.NewEncoder(coding, newBody(strings.NewReader(text)))
					data, err := io.ReadAll(whole)
					if err != nil {
						t.Error(err)
					}
					whole.Close()
					if got, err := decodeAll(t, data, coding); err != nil || got != text {
						t.Errorf("%s: got %d bytes, %v, want %d", coding, len(got), err, len(text))
					}
				}
			}
		})
	}
	wg.Wait()
}

// TestEncoderMemory is not parallel: it looks at the heap.
func TestEncoderMemory(t *testing.T) {
	if racetest.Enabled {
		t.Skip("the race detector makes it slow")
	}
	for _, coding := range codings {
		src := newBody(io.LimitReader(randomReader(), 24<<20))
		_, peak, _, err := heapPeak(codec.NewEncoder(coding, src), 1<<40)
		if err != io.EOF || peak > 12<<20 {
			t.Errorf("%s: got %v, heap +%d MiB, want at most 12", coding, err, peak>>20)
		}
		t.Logf("%s: heap +%d KiB", coding, peak>>10)
	}
}

// FuzzEncoder: what was encoded decodes to itself.
func FuzzEncoder(f *testing.F) {
	f.Add([]byte{}, 1)
	f.Add([]byte("hello, hello"), 3)
	f.Add([]byte(sample(3000)), 1000)
	f.Fuzz(func(t *testing.T, data []byte, chunk int) {
		for _, coding := range codings {
			var src io.Reader = bytes.NewReader(data)
			if chunk > 0 {
				src = &chunked{src, chunk}
			}
			out, err := io.ReadAll(codec.NewEncoder(coding, newBody(src)))
			if err != nil {
				t.Fatal(err)
			}
			if got, err := decodeAll(t, out, coding); err != nil || got != string(data) {
				t.Errorf("%s: got %q, %v, want %q", coding, got, err, data)
			}
		}
	})
}

type chunked struct {
	r io.Reader
	n int
}

func (c *chunked) Read(p []byte) (int, error) { return c.r.Read(p[:min(len(p), c.n)]) }
