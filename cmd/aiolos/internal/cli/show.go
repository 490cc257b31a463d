package cli

import (
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/aiolos-http/aiolos/session"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/render"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/syntax"
)

// checkPrint refuses letters that --print does not know.
func checkPrint(what string) error {
	if strings.Trim(what, "HBhbm") != "" {
		return fmt.Errorf("--print=%s: use the letters H, B, h, b and m", what)
	}
	return nil
}

// parts returns the letters of what is to be printed.
func (s *send) parts(method string) string {
	switch {
	case s.print != "":
		return s.print
	case s.verbose && s.toFile():
		return "HBh"
	case s.verbose:
		return "HBhb"
	case method == http.MethodHead:
		return "h"
	case s.toFile():
		return ""
	case s.app.OutTTY:
		return "hb"
	}
	return "b"
}

// toFile reports whether the body goes to a file.
func (s *send) toFile() bool { return s.output != "" && s.output != "-" }

// show prints the response.
func (s *send) show(resp *session.Response, req *syntax.Request) error {
	parts := s.parts(resp.Request.Method)
	var out strings.Builder
	p := render.Printer{W: &out, Palette: s.app.outPalette(), Safe: s.app.OutTTY, Secrets: s.secrets}
	if s.verbose {
		for _, hop := range resp.History() {
			if err := s.heads(p, &out, parts, hop, req); err != nil {
				return err
			}
			req = &syntax.Request{} // it is printed once
		}
	}
	if err := s.heads(p, &out, parts, resp, req); err != nil {
		return err
	}
	if _, err := io.WriteString(s.app.Out, out.String()); err != nil {
		return err
	}
	n, err := s.body(resp, strings.Contains(parts, "b"))
	if err != nil {
		return err
	}
	if strings.Contains(parts, "m") {
		return s.times(resp, n, strings.Contains(parts, "b"))
	}
	return nil
}

// heads writes what there is of one request and its response in front of the
// body, each part followed by an empty line.
func (s *send) heads(p render.Printer, out *strings.Builder, parts string, resp *session.Response, req *syntax.Request) error {
	if strings.Contains(parts, "H") && resp.Request != nil {
		if err := p.RequestHead(resp.Request, resp.Proto); err != nil {
			return err
		}
		out.WriteByte('\n')
	}
	if strings.Contains(parts, "B") && req.Sends() {
		s.requestBody(out, req)
	}
	if strings.Contains(parts, "h") {
		if err := p.ResponseHead(resp.Response); err != nil {
			return err
		}
		out.WriteByte('\n')
	}
	return nil
}

// requestBody writes the body of the request, if it is one that is in memory.
func (s *send) requestBody(out *strings.Builder, req *syntax.Request) {
	switch {
	case len(req.Parts) > 0:
		fmt.Fprintf(out, "(the body is a form: %s)\n\n", partsLine(req.Parts))
	case req.BodyFile == "-":
		out.WriteString("(the body is standard input)\n\n")
	case req.BodyFile != "":
		fmt.Fprintf(out, "(the body is %s)\n\n", render.Line(req.BodyFile))
	case len(req.Body) > 0:
		text := string(req.Body)
		if s.app.OutTTY {
			var safe strings.Builder
			e := render.NewEscaper(&safe)
			// A builder takes everything.
			_, _ = e.Write(req.Body)
			_ = e.Close()
			text = safe.String()
		}
		out.WriteString(text + "\n\n")
	}
}

// times writes where the time went.
func (s *send) times(resp *session.Response, n int64, afterBody bool) error {
	t := resp.Timing()
	text := fmt.Sprintf("%s in %s, first byte after %s (%s)\n",
		render.Bytes(n), render.Duration(t.Total), render.Duration(t.Total-t.Body), connection(t))
	if afterBody {
		text = "\n" + text
	}
	_, err := io.WriteString(s.app.Out, text)
	return err
}

// connection tells of the connection of an exchange.
func connection(t session.Timing) string {
	kind := "new connection"
	if t.Reused {
		kind = "kept connection"
	}
	if t.Remote != "" {
		kind += ", " + t.Remote
	}
	return kind
}
