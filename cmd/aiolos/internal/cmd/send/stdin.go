package send

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/app"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/syntax"
)

// stdinSilence is how long standard input may keep us waiting before we say so.
const stdinSilence = time.Second

// takePipedBody takes what is piped in for the body of a request that is to have one: its
// method was written, and no item and no flag gives it a body. An empty pipe is none.
func (s *command) takePipedBody(ctx context.Context, written string, req *syntax.Request) error {
	switch written {
	case http.MethodPost, http.MethodPut, http.MethodPatch:
	default:
		return nil
	}
	if req.Sends() || s.App.InTTY || s.ignoreStdin {
		return nil
	}
	first, err := peekInput(ctx, s.App)
	if err != nil || first == 0 {
		return err
	}
	req.BodyFile, req.HasBody = "-", true
	switch {
	case s.AsForm:
		req.ContentType = "application/x-www-form-urlencoded"
	case first == '{' || first == '[':
		req.ContentType = "application/json"
	}
	return nil
}

// peekInput returns the first byte of standard input without taking it, or 0 if there is
// none.
func peekInput(ctx context.Context, a *app.App) (byte, error) {
	// A file is read from its place, so that it can be read again after a redirect.
	if f, ok := a.In.(*os.File); ok {
		if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
			return firstByteOf(f)
		}
	}
	in := bufio.NewReader(a.In)
	a.In = in
	ready := make(chan error, 1)
	go func() {
		_, err := in.Peek(1)
		ready <- err
	}()
	wait := time.NewTimer(stdinSilence)
	defer wait.Stop()
	for {
		select {
		case err := <-ready:
			if err == io.EOF {
				return 0, nil
			}
			if err != nil {
				return 0, err
			}
			b, err := in.Peek(1)
			return b[0], err
		case <-wait.C:
			a.Notice("waiting for the body on standard input; --ignore-stdin sends none")
		case <-ctx.Done():
			return 0, context.Cause(ctx)
		}
	}
}

// firstByteOf is the first byte of a file from its present place, or 0 at its end.
func firstByteOf(f *os.File) (byte, error) {
	at, err := f.Seek(0, io.SeekCurrent)
	if err != nil {
		return 0, err
	}
	b := make([]byte, 1)
	if _, err = f.ReadAt(b, at); err == io.EOF {
		return 0, nil
	}
	return b[0], err
}

// noticeUnsent says that what is piped in was not sent, with a request that has no body.
// It is not touched: a loop of a shell may go on reading its lines there.
func (s *command) noticeUnsent(req *syntax.Request) {
	if !req.Sends() && !s.ignoreStdin && s.App.HasUnreadInput() {
		s.App.Notice("standard input was not sent: write POST or another method in front of the URL, or @- behind it; --ignore-stdin hides this")
	}
}
