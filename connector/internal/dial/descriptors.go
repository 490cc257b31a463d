package dial

import (
	"context"
	stderrors "errors"
	"net"
	"slices"
)

// maxFreed bounds how often a socket is tried again for lack of descriptors: what
// is freed may be taken by somebody else, of whom there are as many as the limit of
// connections allows.
const maxFreed = 64

// retryForDescriptors is connect, which is called again while it fails for lack of file
// descriptors and FreeDescriptors frees some.
func (d *Dialer) retryForDescriptors(ctx context.Context, connect func(context.Context) (net.Conn, error)) (net.Conn, error) {
	for freed := 0; ; freed++ {
		nc, err := connect(ctx)
		if err == nil || d.config.FreeDescriptors == nil || freed == maxFreed || !outOfDescriptors(err) ||
			ctx.Err() != nil || !d.config.FreeDescriptors() {
			return nc, err
		}
	}
}

// outOfDescriptors reports whether the process or the system has no descriptors
// left.
func outOfDescriptors(err error) bool {
	return slices.ContainsFunc(noDescriptors, func(errno error) bool { return stderrors.Is(err, errno) })
}
