package exchange

import (
	"cmp"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"

	"github.com/aiolos-http/aiolos/session"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/exitcode"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/render"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/syntax"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/waterfall"
)

// CheckPrint refuses letters that --print does not know.
func CheckPrint(what string) error {
	if strings.Trim(what, "HBhbm") != "" {
		return fmt.Errorf("--print=%s: use the letters H, B, h, b and m", what)
	}
	return nil
}

// printedParts returns the letters of what is to be printed.
func (s *Sender) printedParts(method string) string {
	switch {
	case s.PrintParts != "":
		return s.PrintParts
	case s.Verbose && s.writesFile():
		return "HBh"
	case s.Verbose:
		return "HBhb"
	case method == http.MethodHead:
		return "h"
	case s.writesFile():
		return ""
	case s.App.OutTTY:
		return "hb"
	}
	return "b"
}

// writesFile reports whether the body goes to a file.
func (s *Sender) writesFile() bool { return s.Output != "" && s.Output != "-" }

// keepsFile reports whether the file stays as it is, because the body is only about an
// error. A status of 3xx is none.
func (s *Sender) keepsFile(status int) bool {
	if !s.writesFile() || s.FailBody || s.statusCode(status) < exitcode.Status4xx {
		return false
	}
	info, err := os.Stat(s.Output)
	return err != nil || info.Mode().IsRegular() // a device has nothing to keep
}

// statusCode is the exit code for a status.
func (s *Sender) statusCode(status int) int {
	if s.NoCheck || !s.CheckStatus || s.RedirectOK && status < 400 {
		return exitcode.OK
	}
	return exitcode.Status(status)
}

// reportStatus sets the exit code, and says why where no head was shown.
func (s *Sender) reportStatus(resp *session.Response) {
	s.App.Code = s.statusCode(resp.StatusCode)
	kept := s.keepsFile(resp.StatusCode)
	if s.App.Code == exitcode.OK || !kept && strings.Contains(s.printedParts(resp.Request.Method), "h") {
		return
	}
	text := strings.TrimSpace(resp.Status)
	if kept {
		text += fmt.Sprintf("; %s is left alone (--fail-with-body saves what the server says)", s.Output)
	}
	s.App.Notice("%s", render.Line(text))
}

// ShowResult prints the response, and sets the exit code by its status.
func (s *Sender) ShowResult(resp *session.Response, req *syntax.Request) error {
	tellOfTLS := s.hintAtTLS(resp)
	if err := s.showResponse(resp, req); err != nil {
		return err
	}
	s.reportStatus(resp)
	tellOfTLS()
	return nil
}

// showResponse prints the response.
func (s *Sender) showResponse(resp *session.Response, req *syntax.Request) error {
	parts := s.printedParts(resp.Request.Method)
	var out strings.Builder
	p := render.Printer{W: &out, Palette: s.palette(), Safe: s.App.OutTTY, Secrets: s.ShowSecrets}
	if s.Verbose {
		for _, hop := range resp.History() {
			if err := s.writeHeads(p, &out, parts, hop, req); err != nil {
				return err
			}
			req = &syntax.Request{} // it is printed once
		}
	}
	if err := s.writeHeads(p, &out, parts, resp, req); err != nil {
		return err
	}
	if _, err := io.WriteString(s.App.Out, out.String()); err != nil {
		return err
	}
	n, err := s.writeBody(resp, strings.Contains(parts, "b"))
	if err != nil {
		return err
	}
	if strings.Contains(parts, "m") {
		return s.writeTimes(resp, n, strings.Contains(parts, "b"))
	}
	return nil
}

// writeHeads writes the parts of one request and its response that stand in front of
// the body and are to be printed, each followed by an empty line.
func (s *Sender) writeHeads(p render.Printer, out *strings.Builder, parts string, resp *session.Response, req *syntax.Request) error {
	if strings.Contains(parts, "H") && resp.Request != nil {
		if err := p.RequestHead(resp.Request, resp.Proto); err != nil {
			return err
		}
		out.WriteByte('\n')
	}
	if strings.Contains(parts, "B") && req.Sends() {
		s.writeRequestBody(out, req)
	}
	if strings.Contains(parts, "h") {
		if err := p.ResponseHead(resp.Response); err != nil {
			return err
		}
		out.WriteByte('\n')
	}
	return nil
}

// writeRequestBody writes the body of the request, if it is one that is in memory.
func (s *Sender) writeRequestBody(out *strings.Builder, req *syntax.Request) {
	switch {
	case len(req.Parts) > 0:
		fmt.Fprintf(out, "(the body is a form: %s)\n\n", describeParts(req.Parts))
	case req.BodyFile == "-":
		out.WriteString("(the body is standard input)\n\n")
	case req.BodyFile != "":
		fmt.Fprintf(out, "(the body is %s)\n\n", render.Line(req.BodyFile))
	case len(req.Body) > 0:
		out.WriteString(s.LayOutBody(req.Body, cmp.Or(itemContentType(req.Headers), req.ContentType)) + "\n\n")
	}
}

// LayOutBody is a body that is in memory as it is shown.
func (s *Sender) LayOutBody(body []byte, contentType string) string {
	if !s.App.OutTTY && !s.pretty.asksForBody() {
		return string(body)
	}
	var out strings.Builder
	w := s.newBodyWriter(&out, http.Header{"Content-Type": {contentType}})
	// A builder takes everything.
	_, _ = w.Write(body)
	_ = w.Close()
	if s.bodyStyle().Indent {
		return strings.TrimSuffix(out.String(), "\n")
	}
	return out.String()
}

// writeTimes writes where the time went.
func (s *Sender) writeTimes(resp *session.Response, n int64, afterBody bool) error {
	t := resp.Timing()
	text := fmt.Sprintf("%s in %s, first byte after %s (%s)\n",
		render.Bytes(n), render.Duration(t.Total), render.Duration(t.Total-t.Body), waterfall.DescribeConnection(t))
	if afterBody {
		text = "\n" + text
	}
	_, err := io.WriteString(s.App.Out, text)
	return err
}
