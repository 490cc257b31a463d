package flags

import (
	"crypto/tls"
	"errors"
	"fmt"
	"os"

	"github.com/aiolos-http/aiolos/connector"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/exitcode"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/render"
)

// logTLSKeys is --keylog: with the keys in the file, whoever has recorded the connection
// can read it. The variable alone does nothing, for it may be left over.
func (n *Network) logTLSKeys(cfg *connector.Config) error {
	if !n.KeyLog || n.Dry {
		return nil
	}
	a := n.Credentials.app
	name := a.Getenv("SSLKEYLOGFILE")
	if name == "" {
		return exitcode.AsUsage(errors.New("--keylog: SSLKEYLOGFILE names no file"))
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return exitcode.AsUsage(fmt.Errorf("--keylog: %w", err))
	}
	a.AtEnd = append(a.AtEnd, f.Close)
	a.Notice("warning: the keys of TLS are written to %s: who has them can read everything that is sent", render.Line(name))
	cfg.TLS = &tls.Config{KeyLogWriter: f, MinVersion: tls.VersionTLS12}
	return nil
}
