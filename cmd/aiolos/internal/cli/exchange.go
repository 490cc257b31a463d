package cli

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/middleware/har"
	"github.com/aiolos-http/aiolos/session"
	"github.com/spf13/cobra"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/exitcode"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/secret"
)

// exchange sends a request and shows what came of it.
func (s *send) exchange(ctx context.Context, j job) (err error) {
	save, wrap := s.har.start(j)
	defer func() { err = errors.Join(err, save()) }()
	sess, err := s.net.session(ctx, connector.Config{}, wrap...)
	if err != nil {
		return err
	}
	defer sess.Close()
	s.net.remember(j.url, j.req.Headers)
	resp, err := sess.Request(ctx, j.method, j.url, j.options...)
	if err != nil {
		return err
	}
	defer resp.Close()
	if err := s.show(resp, j.req); err != nil {
		return err
	}
	if s.check && !s.noCheck {
		s.app.code = exitcode.Status(resp.StatusCode)
	}
	return nil
}

// maxRecorded bounds each body in a HAR file.
const maxRecorded = 10 << 20

// recording is the flag --har.
type recording struct{ file string }

// flags adds the flag to a command.
func (r *recording) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&r.file, "har", "", "record the exchanges, redirects included, in this file (HTTP Archive 1.2)")
}

// start returns the middlewares that record, and the function that writes the
// file at the end.
func (r *recording) start(j job) (save func() error, mw []middleware.Middleware) {
	if r.file == "" {
		return func() error { return nil }, nil
	}
	recorder := har.New(har.Config{
		MaxEntries: -1, MaxBody: maxRecorded, CreatorVersion: session.Release,
		Redaction: middleware.Redaction{ShowQuery: openQuery(j)},
	})
	return func() error { return writeHAR(r.file, recorder) }, []middleware.Middleware{recorder.Wrap}
}

// writeHAR writes the file of --har, which replaces an older one as a whole.
func writeHAR(name string, recorder *har.Recorder) (err error) {
	f, err := os.CreateTemp(filepath.Dir(name), ".aiolos-*.har") // for the owner alone
	if err != nil {
		return fmt.Errorf("har: %w", err)
	}
	_, err = recorder.WriteTo(f)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		return fmt.Errorf("har: %w", errors.Join(err, os.Remove(f.Name())))
	}
	return nil
}

// openQuery names the parameters of a job whose names do not say that they are
// secret.
func openQuery(j job) []string {
	var names []string
	add := func(name string) {
		if !secret.Param(name) {
			names = append(names, name)
		}
	}
	if u, err := url.Parse(j.url); err == nil {
		for name := range u.Query() {
			add(name)
		}
	}
	for _, q := range j.req.Query {
		add(q.Name)
	}
	return names
}
