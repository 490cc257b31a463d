package cli

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

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/curlconv"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/exitcode"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/gosrc"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/har"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/render"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/secret"
)

// archive is "aiolos har".
type archive struct {
	send

	to string
}

// harCommand makes "aiolos har".
func harCommand(a *app) *cobra.Command {
	h := &archive{send: send{app: a, net: newBareNetwork(a, session.DefaultTotal)}}
	top := &cobra.Command{
		Use:     "har show|run|convert FILE [N...]",
		Short:   "Show, send again or convert recorded exchanges (HTTP Archive)",
		Long:    harHelp,
		Example: harExamples,
		RunE: func(cmd *cobra.Command, args []string) error {
			if done, err := a.helped(cmd); done {
				return err
			}
			if len(args) > 0 {
				return usage(fmt.Errorf("har %q: use show, run or convert", args[0]))
			}
			return usage(errors.New("use har show, har run or har convert"))
		},
	}
	show := &cobra.Command{Use: "show FILE [N...]", Short: "List the exchanges, or show some of them", Example: "  aiolos har show log.har\n  aiolos har show log.har 3"}
	show.RunE = h.command(h.showEntries)
	run := &cobra.Command{Use: "run FILE [N...]", Short: "Send the requests again, one after the other", Example: "  aiolos har run log.har\n  aiolos har run log.har 2 3"}
	run.RunE = h.command(h.runEntries)
	h.net.flags(run)
	convert := &cobra.Command{Use: "convert FILE [N...]", Short: "Print the requests as commands or programs", Example: "  aiolos har convert log.har\n  aiolos har convert --to go log.har 3"}
	convert.RunE = h.command(h.convertEntries)
	convert.Flags().StringVar(&h.to, "to", "curl", "curl, aiolos or go")
	convert.Aliases = []string{"curl"}
	for _, cmd := range []*cobra.Command{show, convert} {
		cmd.Flags().BoolVar(&h.secrets, "show-secrets", false, "print credentials and cookies as they are")
	}
	top.AddCommand(show, run, convert)
	return top
}

// chosen is an exchange of a file and its number.
type chosen struct {
	*har.Entry

	n int
}

// command makes the function of a command that works on exchanges.
func (h *archive) command(work func(ctx context.Context, entries []chosen, some bool) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		if done, err := h.app.helped(cmd); done {
			return err
		}
		if len(args) == 0 {
			return usage(errors.New("missing HAR file"))
		}
		entries, err := h.read(args[0], args[1:])
		if err != nil {
			return usage(err)
		}
		return work(cmd.Context(), entries, len(args) > 1)
	}
}

// read reads a file and chooses the exchanges with the given numbers, or all.
func (h *archive) read(name string, numbers []string) ([]chosen, error) {
	in := h.app.In
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
	var some []chosen
	for _, text := range numbers {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > len(entries) {
			return nil, fmt.Errorf("there is no entry %q: they are 1 to %d", text, len(entries))
		}
		some = append(some, chosen{&entries[n-1], n})
	}
	if len(numbers) == 0 {
		for i := range entries {
			some = append(some, chosen{&entries[i], i + 1})
		}
	}
	return some, nil
}

// showEntries lists exchanges, or shows some in full.
func (h *archive) showEntries(_ context.Context, entries []chosen, some bool) error {
	p := h.app.outPalette()
	var b strings.Builder
	for i, e := range entries {
		if some {
			if i > 0 {
				b.WriteByte('\n')
			}
			if err := h.full(&b, e); err != nil {
				return fmt.Errorf("entry %d: %w", e.n, err)
			}
			continue
		}
		status := p.Status(e.Response.Status, strconv.Itoa(e.Response.Status))
		if e.Response.Status == 0 {
			status = p.Red("---")
		}
		fmt.Fprintf(&b, "%3d  %s  %8s  %8s  %s %s\n", e.n, status, render.Bytes(max(0, e.Response.Content.Size)),
			render.Duration(e.Duration()), render.Line(e.Request.Method), render.Line(h.url(e)))
	}
	_, err := io.WriteString(h.app.Out, b.String())
	return err
}

// url is the URL of an exchange, without its secrets unless they are wanted.
func (h *archive) url(e chosen) string {
	r := &curlconv.Request{URL: e.Request.URL}
	if !h.secrets {
		r, _ = r.Redact()
	}
	return r.URL
}

// full writes one exchange as it went over the wire, about.
func (h *archive) full(b *strings.Builder, e chosen) error {
	p := h.app.outPalette()
	head := func(pairs []har.Pair) {
		for _, f := range pairs {
			value := f.Value
			if !h.secrets && secret.Header(f.Name) {
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
		if !h.app.OutTTY {
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
	b.WriteString(p.Bold(p.Green(render.Line(e.Request.Method))) + " " + render.Line(h.url(e)) + " " + render.Line(e.Request.HTTPVersion) + "\n")
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
func (h *archive) convertEntries(_ context.Context, entries []chosen, _ bool) error {
	form, err := h.form(len(entries))
	if err != nil {
		return usage(err)
	}
	for _, e := range entries {
		r, err := h.convert(e)
		if err == nil {
			var text string
			if text, err = form(h.plain(r)); err == nil {
				if err := h.printText(strings.TrimSuffix(text, "\n"), nil); err != nil {
					return err
				}
			}
		}
		if err != nil {
			h.skip(e, err)
		}
	}
	return nil
}

// form is the function for the flag --to.
func (h *archive) form(n int) (func(*curlconv.Request) (string, error), error) {
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

// convert makes a request of an exchange, and tells what it lacks.
func (h *archive) convert(e chosen) (*curlconv.Request, error) {
	r, lost, err := e.Convert()
	if len(lost) > 0 {
		h.app.notice("entry %d: without %s, hidden in the file", e.n, render.Line(strings.Join(lost, ", ")))
	}
	return r, err
}

// skip tells of an exchange that was left out, which is a failure.
func (h *archive) skip(e chosen, err error) {
	if h.app.quiet < 2 {
		fmt.Fprintf(h.app.Err, "aiolos: entry %d: %s\n", e.n, render.Line(err.Error()))
	}
	h.app.code = exitcode.Failure
}

// runEntries sends requests again and compares the statuses.
func (h *archive) runEntries(ctx context.Context, entries []chosen, _ bool) error {
	sess, err := h.net.session(ctx, connector.Config{})
	if err != nil {
		return err
	}
	defer sess.Close()
	for _, e := range entries {
		r, err := h.convert(e)
		if err == nil {
			err = h.again(ctx, sess, e, r)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			h.skip(e, err)
		}
	}
	return nil
}

// again sends one request. Redirects are not followed: they have entries of
// their own.
func (h *archive) again(ctx context.Context, sess *session.Session, e chosen, r *curlconv.Request) error {
	options := append(headers(r), session.NoRedirects())
	if r.HasBody {
		options = append(options, session.Bytes(r.Body))
	}
	began := time.Now()
	resp, err := sess.Request(ctx, r.Method, r.URL, append(options, skipped(r))...)
	if err != nil {
		return err
	}
	defer resp.Close()
	n, err := io.Copy(io.Discard, resp.Body)
	if err != nil {
		return err
	}
	p := h.app.outPalette()
	was := ""
	if resp.StatusCode != e.Response.Status {
		was = p.Yellow(fmt.Sprintf("  (was %d)", e.Response.Status))
		h.app.code = exitcode.Failure
	}
	_, err = fmt.Fprintf(h.app.Out, "%3d  %s  %8s  %8s  %s %s%s\n", e.n, p.Status(resp.StatusCode, strconv.Itoa(resp.StatusCode)),
		render.Bytes(n), render.Duration(time.Since(began)), render.Line(r.Method), render.Line(h.url(e)), was)
	return err
}
