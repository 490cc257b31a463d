package exchange

import (
	"cmp"
	"fmt"
	"io"
	"mime"
	"slices"
	"strings"

	"github.com/aiolos-http/aiolos/form"
	"github.com/aiolos-http/aiolos/session"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/app"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/render"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/syntax"
)

// newForm makes a multipart form. An empty boundary is a random one.
func (s *Sender) newForm(parts []syntax.Part, boundary string) *form.Form {
	f := form.New().Multipart()
	if boundary != "" {
		f.Boundary(boundary)
	}
	for _, p := range parts {
		var options []form.PartOption
		if p.Type != "" {
			options = append(options, form.ContentType(p.Type))
		}
		if p.As != "" {
			options = append(options, form.FileName(p.As))
		}
		switch p.File {
		case "":
			f.Field(p.Name, p.Value, options...)
		case "-":
			f.Reader(p.Name, s.App.In, append([]form.PartOption{form.FileName("-")}, options...)...)
		default:
			f.File(p.Name, p.File, options...)
		}
	}
	return f
}

// Multipart returns the option that sends a form, and the value of the header
// Content-Type where given, what the command line asks for, is not complete: without
// its boundary a server cannot read a form.
func (s *Sender) Multipart(parts []syntax.Part, given string) (option session.Option, contentType string, err error) {
	_, params, parseErr := mime.ParseMediaType(given)
	boundary := s.boundary
	if boundary == "" && parseErr == nil {
		boundary = params["boundary"]
	}
	f := s.newForm(parts, boundary)
	own, err := f.ContentType()
	if err != nil || given == "" {
		return session.FormData(f), "", err
	}
	if parseErr != nil {
		return session.FormData(f), "", fmt.Errorf("the content type %q: %w", given, parseErr)
	}
	if params["boundary"] == "" {
		_, mark, _ := strings.Cut(own, ";")
		given += ";" + mark
	}
	return session.FormData(f), given, nil
}

// itemContentType is the content type that the items ask for, or nothing.
func itemContentType(headers []syntax.HeaderItem) string {
	if i := slices.IndexFunc(headers, isContentType); i >= 0 {
		return headers[i].Value
	}
	return ""
}

// fileContentType is the content type that the library gives a file.
func fileContentType(p syntax.Part) string {
	name := p.File
	if p.As != "" {
		name = p.As
	}
	return cmp.Or(form.TypeByName(name), "application/octet-stream")
}

// BufferForm is a form as a whole, for a request that is sent many times.
func (s *Sender) BufferForm(req *syntax.Request) error {
	f := s.newForm(req.Parts, s.boundary)
	contentType, err := f.ContentType()
	if err != nil {
		return err
	}
	body, err := f.Open()
	if err != nil {
		return err
	}
	defer body.Close()
	data, err := io.ReadAll(io.LimitReader(body, app.MaxFile+1))
	if err == nil && len(data) > app.MaxFile {
		err = fmt.Errorf("the form is larger than %d MiB, and is held in memory here", app.MaxFile>>20)
	}
	req.Body, req.HasBody, req.ContentType, req.Parts = data, true, contentType, nil
	return err
}

// describeParts describes a form whose files nobody wants to see.
func describeParts(parts []syntax.Part) string {
	words := make([]string, len(parts))
	for i, p := range parts {
		words[i] = fmt.Sprintf("%s=%q", p.Name, p.Value)
		if p.File != "" {
			words[i] = p.Name + "@" + p.File
		}
	}
	return render.Line(strings.Join(words, ", "))
}
