package har

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/session"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/curlconv"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/exchange"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/exitcode"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/render"
)

// runEntries sends requests again and compares the statuses.
func (h *command) runEntries(ctx context.Context, entries []entry, _ bool) error {
	sess, err := h.Net.OpenSession(ctx, connector.Config{})
	if err != nil {
		return err
	}
	defer sess.Close()
	for _, e := range entries {
		r, err := h.convertEntry(e)
		if err == nil {
			h.preferFlags(r)
			err = h.sendAgain(ctx, sess, e, r)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			h.reportSkipped(e, err)
		}
	}
	return nil
}

// preferFlags leaves out the recorded headers that the command line has by -H.
func (h *command) preferFlags(r *curlconv.Request) {
	for _, own := range h.Net.RemainingHeaders() {
		r.Headers = slices.DeleteFunc(r.Headers, func(recorded curlconv.Header) bool { return strings.EqualFold(recorded.Name, own.Name) })
	}
}

// sendAgain sends one request. Redirects are not followed: they have entries of
// their own.
func (h *command) sendAgain(ctx context.Context, sess *session.Session, e entry, r *curlconv.Request) error {
	options := append(exchange.HeaderOptions(r), session.NoRedirects())
	if r.HasBody {
		options = append(options, session.Bytes(r.Body))
	}
	began := time.Now()
	resp, err := sess.Request(ctx, r.Method, r.URL, append(options, session.SkipHeader(r.SkippedHeaders()...))...)
	if err != nil {
		return err
	}
	defer resp.Close()
	n, err := io.Copy(io.Discard, resp.Body)
	if err != nil {
		return err
	}
	p := h.App.OutPalette()
	was := ""
	if resp.StatusCode != e.Response.Status {
		was = p.Yellow(fmt.Sprintf("  (was %d)", e.Response.Status))
		h.App.Code = exitcode.Failure
	}
	_, err = fmt.Fprintf(h.App.Out, "%3d  %s  %8s  %8s  %s %s%s\n", e.n, p.Status(resp.StatusCode, strconv.Itoa(resp.StatusCode)),
		render.Bytes(n), render.Duration(time.Since(began)), render.Line(r.Method), render.Line(h.shownURL(e)), was)
	return err
}
