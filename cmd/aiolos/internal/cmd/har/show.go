package har

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/aiolos-http/aiolos/middleware/har"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/curlconv"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/render"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/report"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/secret"
)

// showEntries lists exchanges, or shows some in full.
func (h *command) showEntries(_ context.Context, entries []entry, some bool) error {
	if h.page.Name != "" {
		return h.saveWaterfall(entries)
	}
	p := h.App.OutPalette()
	var b strings.Builder
	for i, e := range entries {
		if some {
			if i > 0 {
				b.WriteByte('\n')
			}
			if err := h.writeExchange(&b, e); err != nil {
				return fmt.Errorf("entry %d: %w", e.n, err)
			}
			continue
		}
		status := p.Status(e.Response.Status, strconv.Itoa(e.Response.Status))
		if e.Response.Status == 0 {
			status = p.Red("---")
		}
		fmt.Fprintf(&b, "%3d  %s  %8s  %8s  %s %s\n", e.n, status, render.Bytes(max(0, e.Response.Content.Size)),
			render.Duration(e.Duration()), render.Line(e.Request.Method), render.Line(h.shownURL(e)))
	}
	_, err := io.WriteString(h.App.Out, b.String())
	return err
}

// saveWaterfall writes the page of --report.
func (h *command) saveWaterfall(entries []entry) error {
	if err := h.page.Check(".html"); err != nil {
		return err
	}
	rows := make([]report.Row, len(entries))
	for i, e := range entries {
		rows[i] = report.RowOf(e.n, e.Entry)
		rows[i].URL = h.shownURL(e)
	}
	return h.page.SaveRows("aiolos har show", h.file, rows)
}

// shownURL is the URL of an exchange, without its secrets unless they are wanted.
func (h *command) shownURL(e entry) string {
	r := &curlconv.Request{URL: e.Request.URL}
	if !h.ShowSecrets {
		r, _ = r.Redact()
	}
	return r.URL
}

// writeExchange writes one exchange as it went over the wire, about.
func (h *command) writeExchange(b *strings.Builder, e entry) error {
	p := h.App.OutPalette()
	b.WriteString(p.Bold(p.Green(render.Line(e.Request.Method))) + " " + render.Line(h.shownURL(e)) + " " + render.Line(e.Request.HTTPVersion) + "\n")
	h.writeHeaders(b, e.Request.Headers)
	if post := e.Request.Post; post != nil && post.Text != "" {
		h.writeBody(b, []byte(post.Text), post.MimeType)
		b.WriteByte('\n')
	}
	if e.Response.Status == 0 {
		b.WriteString(p.Red("failed: ") + render.Line(e.Response.Error) + "\n")
		return nil
	}
	status := strings.TrimSpace(strconv.Itoa(e.Response.Status) + " " + e.Response.StatusText)
	b.WriteString(render.Line(e.Response.HTTPVersion) + " " + p.Bold(p.Status(e.Response.Status, render.Line(status))) + "\n")
	h.writeHeaders(b, e.Response.Headers)
	data, err := e.Response.Content.Data()
	if err != nil {
		return err
	}
	h.writeBody(b, data, e.Response.Content.MimeType)
	return nil
}

// writeHeaders writes headers and the empty line behind them.
func (h *command) writeHeaders(b *strings.Builder, headers []har.NameValue) {
	p := h.App.OutPalette()
	for _, f := range headers {
		value := f.Value
		if !h.ShowSecrets {
			value = secret.Value(f.Name, value)
		}
		b.WriteString(p.Cyan(render.Line(f.Name)) + ": " + render.Line(value) + "\n")
	}
	b.WriteByte('\n')
}

// writeBody writes a body, on a terminal as that of a response if it is text.
func (h *command) writeBody(b *strings.Builder, data []byte, contentType string) {
	switch {
	case len(data) == 0:
		return
	case !h.App.OutTTY:
		b.Write(data)
	case bytes.IndexByte(data, 0) >= 0:
		fmt.Fprintf(b, "(%s of binary data)", render.Bytes(int64(len(data))))
	default:
		b.WriteString(h.LayOutBody(data, contentType))
	}
	b.WriteByte('\n')
}
