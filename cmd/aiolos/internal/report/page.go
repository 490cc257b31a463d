package report

import (
	"io"
	"time"
)

// Head is what stands above a report.
type Head struct {
	Title string
	About string    // what was done, such as a request; it may hold what a server said
	Made  time.Time // zero is not told
	By    string    // the program and its version
}

// policy forbids a page everything but its own style, should a text ever become more
// than a text.
const policy = "default-src 'none'; style-src 'unsafe-inline'"

// startPage begins an HTML page.
func startPage(m *markup, h Head) {
	m.b.WriteString("<!DOCTYPE html>\n")
	m.start("html", attr{"lang", "en"})
	m.start("head")
	m.line()
	m.empty("meta", attr{"charset", "utf-8"})
	m.line()
	m.empty("meta", attr{"http-equiv", "Content-Security-Policy"}, attr{"content", policy})
	m.line()
	m.empty("meta", attr{"name", "viewport"}, attr{"content", "width=device-width, initial-scale=1"})
	m.line()
	m.element("title", h.Title+" "+h.About)
	m.line()
	m.b.WriteString("<style>\n" + style + pageStyle + "</style>\n")
	m.end("head")
	m.line()
	m.start("body")
	m.line()
	m.element("h1", h.Title)
	m.line()
	m.start("p")
	m.element("code", h.About)
	m.end("p")
	m.line()
	if text := h.madeText(); text != "" {
		m.element("p", text, class("dim"))
		m.line()
	}
}

// madeText says when and by what a report was made.
func (h Head) madeText() string {
	text := h.By
	if !h.Made.IsZero() {
		text += ", " + h.Made.Format(time.RFC1123Z)
	}
	return text
}

// endPage ends and writes a page.
func endPage(m *markup, w io.Writer) error {
	m.end("body")
	m.end("html")
	m.line()
	_, err := io.WriteString(w, m.String())
	return err
}

// startPicture begins an SVG that is a file of its own.
func startPicture(m *markup, title string, width, height float64) {
	m.start("svg", attr{"xmlns", "http://www.w3.org/2000/svg"}, attr{"role", "img"}, attr{"viewBox", "0 0 " + formatNumber(width) + " " + formatNumber(height)},
		num("width", width), num("height", height))
	m.line()
	m.element("title", title)
	m.b.WriteString("\n<style>\n" + style + "</style>\n")
	m.empty("rect", class("ground"), num("width", width), num("height", height))
	m.line()
}
