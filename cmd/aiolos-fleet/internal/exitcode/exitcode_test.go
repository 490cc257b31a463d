package exitcode_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"testing"

	"github.com/aiolos-http/aiolos/errors"

	"github.com/aiolos-http/aiolos/cmd/aiolos-fleet/internal/exitcode"
)

func TestOf(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		err  error
		want int
	}{
		{nil, 0},
		{errors.New("x"), 1},
		{exitcode.AsUsage(errors.New("x")), 2},
		{fmt.Errorf("a: %w", exitcode.With(exitcode.NoServer, io.EOF)), 12},
		{context.Canceled, 130},
		{context.DeadlineExceeded, 9},
		{&net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}, 7},
		{io.EOF, 7},
		{&os.PathError{Op: "open", Err: syscall.ENOENT}, 1},
	} {
		if got := exitcode.Of(tt.err); got != tt.want {
			t.Errorf("%v: got %d, want %d", tt.err, got, tt.want)
		}
	}
}
