package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/demo"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/httpbin"
)

// serveCommand makes "aiolos serve".
func serveCommand(a *app) *cobra.Command {
	var port int
	cmd := &cobra.Command{
		Use:     "serve",
		Short:   "Run a test server (httpbin) on the loopback interface",
		Long:    serveHelp,
		Example: serveExamples,
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if done, err := a.helped(cmd); done {
				return err
			}
			return a.serve(cmd.Context(), port)
		},
	}
	cmd.Flags().IntVarP(&port, "port", "p", 8080, "port; 0 takes a free one")
	return cmd
}

// serve runs the server until ctx ends, which is its success.
func (a *app) serve(ctx context.Context, port int) error {
	if port < 0 || port > 65535 {
		return usage(errors.New("--port is a number from 0 to 65535"))
	}
	addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	ln, err := new(net.ListenConfig).Listen(ctx, "tcp4", addr)
	if err != nil {
		return err
	}
	srv := &http.Server{
		Handler:           httpbin.Handler(),
		ReadHeaderTimeout: time.Minute,
		ErrorLog:          slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
	}
	if _, err := fmt.Fprintf(a.Out, "http://%s\n", ln.Addr()); err != nil {
		return errors.Join(err, ln.Close())
	}
	a.notice("httpbin is at your service; its front page lists what it can do; ctrl-C ends it")
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

// demoCommand makes "aiolos demo".
func demoCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "demo",
		Short: "Show the library at work on embedded servers, and check the outcome",
		Long:  demoHelp,
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if done, err := a.helped(cmd); done {
				return err
			}
			return demo.Run(cmd.Context(), demo.Config{
				Out: a.Out, Err: a.Err, Moving: a.moving(), Width: a.Width, Palette: a.outPalette(),
			})
		},
	}
}
