package dial

import (
	"context"
	stderrors "errors"
	"net"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/aiolos-http/aiolos/errors"
)

// CheckPipe refuses what cannot be the path of a named pipe.
func CheckPipe(path string) error {
	if !strings.HasPrefix(path, `\\`) || !strings.Contains(path, `\pipe\`) {
		return &errors.InvalidRequestError{Field: "path", Reason: `does not look like \\.\pipe\name`}
	}
	return nil
}

const (
	errorPipeBusy = syscall.Errno(231)
	pipeRetry     = 10 * time.Millisecond
)

// dialPipe opens the pipe, and waits while all of its instances are taken.
func dialPipe(ctx context.Context, path string) (net.Conn, error) {
	for {
		f, err := openPipe(path)
		if err == nil {
			return &pipeConn{f, path}, nil
		}
		if !stderrors.Is(err, errorPipeBusy) {
			return nil, &net.OpError{Op: "dial", Net: "pipe", Err: err}
		}
		retry := time.NewTimer(pipeRetry)
		select {
		case <-ctx.Done():
			retry.Stop()
			return nil, ctx.Err()
		case <-retry.C:
		}
	}
}

// openPipe opens for overlapped input and output, which os.NewFile recognises
// and gives deadlines.
func openPipe(path string) (*os.File, error) {
	name, err := syscall.UTF16PtrFromString(path)
	if err != nil {
		return nil, err
	}
	h, err := syscall.CreateFile(name, syscall.GENERIC_READ|syscall.GENERIC_WRITE, 0, nil,
		syscall.OPEN_EXISTING, syscall.FILE_FLAG_OVERLAPPED, 0)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(h), path), nil
}

// pipeConn is a pipe as a connection.
type pipeConn struct {
	*os.File
	path string
}

func (c *pipeConn) LocalAddr() net.Addr  { return pipeAddr(c.path) }
func (c *pipeConn) RemoteAddr() net.Addr { return pipeAddr(c.path) }

type pipeAddr string

func (pipeAddr) Network() string  { return "pipe" }
func (a pipeAddr) String() string { return string(a) }
