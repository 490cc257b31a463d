//go:build !windows

package dial

import (
	"context"
	"fmt"
	"net"

	"github.com/aiolos-http/aiolos/errors"
)

// CheckPipe refuses what cannot be the path of a named pipe.
func CheckPipe(string) error {
	return fmt.Errorf("named pipes are of Windows: %w",
		&errors.InvalidRequestError{Field: "path", Reason: "no named pipes on this system", Err: errors.ErrUnsupported})
}

func dialPipe(context.Context, string) (net.Conn, error) { return nil, errors.ErrUnsupported }
