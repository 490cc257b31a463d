package har

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/curlconv"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/exitcode"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/gosrc"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/render"
)

// convertEntries prints requests in another form. What cannot be is told at the
// end.
func (h *command) convertEntries(_ context.Context, entries []entry, _ bool) error {
	form, err := h.chooseFormat(len(entries))
	if err != nil {
		return exitcode.AsUsage(err)
	}
	for _, e := range entries {
		r, err := h.convertEntry(e)
		if err == nil {
			var text string
			if text, err = form(h.HideSecrets(r)); err == nil {
				if err := h.PrintText(strings.TrimSuffix(text, "\n"), nil); err != nil {
					return err
				}
			}
		}
		if err != nil {
			h.reportSkipped(e, err)
		}
	}
	return nil
}

// chooseFormat is the function for the flag --to.
func (h *command) chooseFormat(n int) (func(*curlconv.Request) (string, error), error) {
	switch h.to {
	case "curl":
		return (*curlconv.Request).Curl, nil
	case "aiolos":
		return (*curlconv.Request).Items, nil
	case "go":
		if n != 1 {
			return nil, errors.New("a program sends one request: give the number of one entry")
		}
		return gosrc.Program, nil
	}
	return nil, fmt.Errorf("--to %q: use curl, aiolos or go", h.to)
}

// convertEntry makes a request of an exchange, and tells what it lacks.
func (h *command) convertEntry(e entry) (*curlconv.Request, error) {
	r, lost, err := makeRequest(e.Entry)
	if len(lost) > 0 {
		h.App.Notice("entry %d: without %s, hidden in the file", e.n, render.Line(strings.Join(lost, ", ")))
	}
	return r, err
}

// reportSkipped tells of an exchange that was left out, which is a failure.
func (h *command) reportSkipped(e entry, err error) {
	if h.App.Quiet < 2 {
		fmt.Fprintf(h.App.Err, "aiolos: entry %d: %s\n", e.n, render.Error(err))
	}
	h.App.Code = exitcode.Failure
}
