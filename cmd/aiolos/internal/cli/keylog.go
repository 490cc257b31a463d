package cli

import (
	"crypto/tls"
	"errors"
	"fmt"
	"os"

	"github.com/aiolos-http/aiolos/connector"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/render"
)

// logKeys is --keylog: with the keys in the file, whoever has recorded the connection
// can read it. The variable alone does nothing, for it may be left over.
func (n *network) logKeys(cfg *connector.Config) error {
	if !n.keylog || n.dry {
		return nil
	}
	a := n.credentials.app
	name := a.Getenv("SSLKEYLOGFILE")
	if name == "" {
		return usage(errors.New("--keylog: SSLKEYLOGFILE names no file"))
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return usage(fmt.Errorf("--keylog: %w", err))
	}
	a.atEnd = append(a.atEnd, f.Close)
	a.notice("warning: the keys of TLS are written to %s: who has them can read everything that is sent", render.Line(name))
	cfg.TLS = &tls.Config{KeyLogWriter: f, MinVersion: tls.VersionTLS12}
	return nil
}
