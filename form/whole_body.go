package form

import (
	"io"
	"slices"
)

// whole is what a body is made of: a [Form] or a [Multipart].
type wholeBody interface {
	layOut() (layout, error)
	Replayable() bool
}

func lengthOf(w wholeBody) (int64, error) {
	l, err := w.layOut()
	if err != nil {
		return 0, err
	}
	return l.size()
}

func openOf(w wholeBody) (io.ReadCloser, error) {
	l, err := w.layOut()
	if err != nil {
		return nil, err
	}
	return l.open()
}

func allReplayable(parts []*part) bool {
	return !slices.ContainsFunc(parts, func(p *part) bool { return p.content != nil && !p.content.isReplayable() })
}

// nestedBody is a body as a part's content. What is added to it later is sent
// too.
type nestedBody struct{ wholeBody }

func (n nestedBody) size() (int64, error)         { return lengthOf(n.wholeBody) }
func (n nestedBody) open() (io.ReadCloser, error) { return openOf(n.wholeBody) }
func (n nestedBody) isReplayable() bool           { return n.Replayable() }

// attachmentDisposition is the Content-Disposition of a part of a multipart.
func attachmentDisposition(p *part) (string, error) {
	if p.fileName == "" || slices.ContainsFunc(p.header, headerField.isDisposition) {
		return "", nil
	}
	if fault := nameFault(p.fileName, QuoteWHATWG); fault != "" {
		return "", invalidPart(p.label, "file name: "+fault, nil)
	}
	return `attachment; filename="` + quoteFileName(p.fileName, QuoteWHATWG) + `"`, nil
}
