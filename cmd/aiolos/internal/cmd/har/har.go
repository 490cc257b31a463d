package har

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/session"
	"github.com/spf13/cobra"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/app"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/curlconv"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/exchange"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/exitcode"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/flags"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/gosrc"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/har"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/render"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/secret"
)

// command is "aiolos har".
type command struct {
	exchange.Sender

	to string
}

// New makes "aiolos har".
func New(a *app.App) *cobra.Command {
	h := &command{Sender: exchange.Sender{App: a, Net: flags.NewBareNetwork(a, session.DefaultTotal)}}
	top := &cobra.Command{
		Use:     "har show|run|convert FILE [N...]",
		Short:   "Show, send again or convert recorded exchanges (HTTP Archive)",
		Long:    help,
		Example: examples,
		RunE: func(cmd *cobra.Command, args []string) error {
			if done, err := a.ShowBriefHelp(cmd); done {
				return err
			}
			if len(args) > 0 {
				return exitcode.AsUsage(fmt.Errorf("har %q: use show, run or convert", args[0]))
			}
			return exitcode.AsUsage(errors.New("use har show, har run or har convert"))
		},
	}
	show := &cobra.Command{Use: "show FILE [N...]", Short: "List the exchanges, or show some of them", Example: "  aiolos har show log.har\n  aiolos har show log.har 3"}
	show.RunE = h.newRun(h.showEntries)
	run := &cobra.Command{Use: "run FILE [N...]", Short: "Send the requests again, one after the other", Example: "  aiolos har run log.har\n  aiolos har run log.har 2 3"}
	run.RunE = h.newRun(h.runEntries)
	h.Net.AddFlags(run)
	convert := &cobra.Command{Use: "convert FILE [N...]", Short: "Print the requests as commands or programs", Example: "  aiolos har convert log.har\n  aiolos har convert --to go log.har 3"}
	convert.RunE = h.newRun(h.convertEntries)
	convert.Flags().StringVar(&h.to, "to", "curl", "curl, aiolos or go")
	convert.Aliases = []string{"curl"}
	for _, cmd := range []*cobra.Command{show, convert} {
		cmd.Flags().BoolVar(&h.ShowSecrets, "show-secrets", false, "print credentials and cookies as they are")
	}
	top.AddCommand(show, run, convert)
	return top
}

// entry is an exchange of a file and its number.
type entry struct {
	*har.Entry

	n int
}

// newRun makes the function of a command that works on exchanges.
func (h *command) newRun(work func(ctx context.Context, entries []entry, some bool) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		if done, err := h.App.ShowBriefHelp(cmd); done {
			return err
		}
		if len(args) == 0 {
			return exitcode.AsUsage(errors.New("missing HAR file"))
		}
		entries, err := h.readEntries(args[0], args[1:])
		if err != nil {
			return exitcode.AsUsage(err)
		}
		return work(cmd.Context(), entries, len(args) > 1)
	}
}

// readEntries reads a file and chooses the exchanges with the given numbers, or all.
func (h *command) readEntries(name string, numbers []string) ([]entry, error) {
	in := h.App.In
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		in = f
	}
	entries, err := har.Read(in)
	if err != nil {
		return nil, err
	}
	var some []entry
	for _, text := range numbers {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > len(entries) {
			return nil, fmt.Errorf("there is no entry %q: they are 1 to %d", text, len(entries))
		}
		some = append(some, entry{&entries[n-1], n})
	}
	if len(numbers) == 0 {
		for i := range entries {
			some = append(some, entry{&entries[i], i + 1})
		}
	}
	return some, nil
}

// showEntries lists exchanges, or shows some in full.
func (h *command) showEntries(_ context.Context, entries []entry, some bool) error {
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
	head := func(pairs []har.Pair) {
		for _, f := range pairs {
			value := f.Value
			if !h.ShowSecrets && secret.Header(f.Name) {
				value = "***"
			}
			b.WriteString(p.Cyan(render.Line(f.Name)) + ": " + render.Line(value) + "\n")
		}
		b.WriteByte('\n')
	}
	body := func(data []byte) {
		if len(data) == 0 {
			return
		}
		if !h.App.OutTTY {
			b.Write(data)
			b.WriteByte('\n')
			return
		}
		if strings.IndexByte(string(data), 0) >= 0 {
			fmt.Fprintf(b, "(%s that are no text)\n", render.Bytes(int64(len(data))))
			return
		}
		out := render.NewEscaper(b)
		// A builder takes everything.
		_, _ = out.Write(data)
		_ = out.Close()
		b.WriteByte('\n')
	}
	b.WriteString(p.Bold(p.Green(render.Line(e.Request.Method))) + " " + render.Line(h.shownURL(e)) + " " + render.Line(e.Request.HTTPVersion) + "\n")
	head(e.Request.Headers)
	if post := e.Request.Post; post != nil && post.Text != "" {
		body([]byte(post.Text))
		b.WriteByte('\n')
	}
	if e.Response.Status == 0 {
		b.WriteString(p.Red("failed: ") + render.Line(e.Response.Error) + "\n")
		return nil
	}
	status := strings.TrimSpace(strconv.Itoa(e.Response.Status) + " " + e.Response.StatusText)
	b.WriteString(render.Line(e.Response.HTTPVersion) + " " + p.Bold(p.Status(e.Response.Status, render.Line(status))) + "\n")
	head(e.Response.Headers)
	data, err := e.Body()
	if err != nil {
		return err
	}
	body(data)
	return nil
}

// convertEntries prints requests in another form. What cannot be is told at the
// end.
func (h *command) convertEntries(_ context.Context, entries []entry, _ bool) error {
	form, err := h.converter(len(entries))
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

// converter is the function for the flag --to.
func (h *command) converter(n int) (func(*curlconv.Request) (string, error), error) {
	switch h.to {
	case "curl":
		return (*curlconv.Request).Curl, nil
	case "aiolos":
		return (*curlconv.Request).Items, nil
	case "go":
		if n != 1 {
			return nil, errors.New("a program sends one request: give the number of one entry")
		}
		return func(r *curlconv.Request) (string, error) { return gosrc.Program(r), nil }, nil
	}
	return nil, fmt.Errorf("--to %q: use curl, aiolos or go", h.to)
}

// convertEntry makes a request of an exchange, and tells what it lacks.
func (h *command) convertEntry(e entry) (*curlconv.Request, error) {
	r, lost, err := e.Convert()
	if len(lost) > 0 {
		h.App.Notice("entry %d: without %s, hidden in the file", e.n, render.Line(strings.Join(lost, ", ")))
	}
	return r, err
}

// reportSkipped tells of an exchange that was left out, which is a failure.
func (h *command) reportSkipped(e entry, err error) {
	if h.App.Quiet < 2 {
		fmt.Fprintf(h.App.Err, "aiolos: entry %d: %s\n", e.n, render.Line(err.Error()))
	}
	h.App.Code = exitcode.Failure
}

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

// sendAgain sends one request. Redirects are not followed: they have entries of
// their own.
func (h *command) sendAgain(ctx context.Context, sess *session.Session, e entry, r *curlconv.Request) error {
	options := append(exchange.HeaderOptions(r), session.NoRedirects())
	if r.HasBody {
		options = append(options, session.Bytes(r.Body))
	}
	began := time.Now()
	resp, err := sess.Request(ctx, r.Method, r.URL, append(options, exchange.SkipOption(r))...)
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
