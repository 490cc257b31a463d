package form

import (
	"io"
	"slices"
)

// whole is what a body is made of: a [Form] or a [Multipart].
type whole interface {
	layout() (layout, error)
	Replayable() bool
}

func lengthOf(w whole) (int64, error) {
	l, err := w.layout()
	if err != nil {
		return 0, err
	}
	return l.size()
}

func openOf(w whole) (io.ReadCloser, error) {
	l, err := w.layout()
	if err != nil {
		return nil, err
	}
	return l.open()
}

func replayable(parts []*part) bool {
	return !slices.ContainsFunc(parts, func(p *part) bool { return p.content != nil && !p.content.replayable() })
}

// nestedBody is a body as a part's content. What is added to it later is sent
// too.
type nestedBody struct{ whole }

func (n nestedBody) size() (int64, error)         { return lengthOf(n.whole) }
func (n nestedBody) open() (io.ReadCloser, error) { return openOf(n.whole) }
func (n nestedBody) replayable() bool             { return n.Replayable() }

// attachment is the Content-Disposition of a part of a multipart.
func attachment(p *part) (string, error) {
	if p.fileName == "" || slices.ContainsFunc(p.header, headerField.disposes) {
		return "", nil
	}
	if fault := nameFault(p.fileName, QuoteWHATWG); fault != "" {
		return "", invalid(p.label, "file name: "+fault, nil)
	}
	return `attachment; filename="` + quoteFileName(p.fileName, QuoteWHATWG) + `"`, nil
}
