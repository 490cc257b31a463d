package dial

import (
	"context"
	"net"
)

// Unix returns a DialContext that connects to the Unix socket at path.
func Unix(path string) func(ctx context.Context, network, addr string) (net.Conn, error) {
	return func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", path)
	}
}

// Pipe returns a DialContext that connects to the Windows named pipe at path.
func Pipe(path string) func(ctx context.Context, network, addr string) (net.Conn, error) {
	return func(ctx context.Context, _, _ string) (net.Conn, error) { return dialPipe(ctx, path) }
}
