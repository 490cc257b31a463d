// Package serve is "aiolos serve": httpbin on the loopback interface.
package serve

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/app"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/exitcode"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/hint"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/httpbin"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/syntax"
)

// New makes "aiolos serve".
func New(a *app.App) *cobra.Command {
	var port int
	cmd := app.NewCommand("serve", "Run a test server (httpbin) on the loopback interface", help, examples, func(cmd *cobra.Command, _ []string) error {
		return runServer(cmd.Context(), a, port)
	})
	cmd.Args = app.NoArgs
	cmd.Flags().IntVarP(&port, "port", "p", 8080, "port; 0 takes a free one")
	return cmd
}

// runServer runs the server until ctx ends, which is its success.
func runServer(ctx context.Context, a *app.App, port int) error {
	if port < 0 || port > 65535 {
		return exitcode.AsUsage(errors.New("--port must be a number from 0 to 65535"))
	}
	addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	ln, err := new(net.ListenConfig).Listen(ctx, "tcp4", addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return hint.With(err, "another program has this port: --port 0 takes a free one")
	}
	if err != nil {
		return err
	}
	srv := &http.Server{
		Handler:           refuseOtherHosts(httpbin.Handler()),
		ReadHeaderTimeout: time.Minute,
		ErrorLog:          slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
	}
	if _, err := fmt.Fprintf(a.Out, "http://%s\n", ln.Addr()); err != nil {
		return errors.Join(err, ln.Close())
	}
	a.Notice("httpbin is running; its front page lists the endpoints; ctrl-C stops it")
	done := make(chan error, 1)
	go func() { done <- srv.Serve(ln) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	// Requests under way may end, but not for ever.
	patience, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	if err := srv.Shutdown(patience); err != nil {
		_ = srv.Close()
	}
	if err := <-done; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// refuseOtherHosts answers only requests for names of this machine. A page of the web
// whose name was made to lead here (DNS rebinding) asks for its own.
func refuseOtherHosts(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !syntax.IsLoopback(r.Host) {
			http.Error(w, "this server answers only for localhost and loopback addresses", http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}
