package exchange

import (
	"fmt"
	"io"
	"os"

	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/middleware/har"
	"github.com/aiolos-http/aiolos/session"
	"github.com/spf13/cobra"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/atomicfile"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/secret"
)

// maxRecorded bounds each body in a HAR file.
const maxRecorded = 10 << 20

// recording is the flag --har.
type recording struct{ file string }

// AddFlags adds the flag to a command.
func (r *recording) AddFlags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&r.file, "har", "", "record the exchanges, redirects included, in this file (HTTP Archive 1.2)")
}

// startRecording returns the middlewares that record, and the function that writes the
// file at the end.
func (r *recording) startRecording(j Job) (save func() error, mw []middleware.Middleware) {
	if r.file == "" {
		return func() error { return nil }, nil
	}
	recorder := har.New(har.Config{
		MaxEntries: -1, MaxBody: maxRecorded, CreatorVersion: session.LibraryVersion,
		Redaction: middleware.Redaction{ShowQuery: openParameters(j)},
	})
	return func() error { return writeHAR(r.file, recorder) }, []middleware.Middleware{recorder.Wrap}
}

// writeHAR writes the file of --har, which replaces an older one as a whole.
func writeHAR(name string, recorder *har.Recorder) error {
	return saveFile("har", name, func(w io.Writer) error {
		_, err := recorder.WriteTo(w)
		return err
	})
}

// saveFile writes a file that replaces an older one as a whole. Its errors begin with
// what it is.
func saveFile(what, name string, write func(io.Writer) error) error {
	if err := atomicfile.Replace(name, 0o600, func(f *os.File) error { return write(f) }); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// openParameters names the parameters of a job whose names do not say that they are
// secret.
func openParameters(j Job) []string {
	names := openParametersOf(j.URL)
	for _, q := range j.Request.Query {
		if !secret.Param(q.Name) {
			names = append(names, q.Name)
		}
	}
	return names
}

// openParametersOf names those of URLs.
func openParametersOf(urls ...string) []string {
	var names []string
	for _, raw := range urls {
		u, err := session.ParseURL(raw)
		if err != nil {
			continue // nothing is sent to it
		}
		for name := range u.Query() {
			if !secret.Param(name) {
				names = append(names, name)
			}
		}
	}
	return names
}
