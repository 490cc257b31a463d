package main

import (
	"encoding/xml"
	"errors"
	"image/color"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
)

// TestPicture: the picture is one that every browser draws, from this file alone,
// and has nothing of the machine on which it was made.
func TestPicture(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile(filepath.Join("..", "..", "docs", "aiolos.svg"))
	if err != nil {
		t.Fatal(err)
	}
	texts := 0
	d := xml.NewDecoder(strings.NewReader(string(data)))
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		start, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		switch start.Name.Local {
		case "text":
			texts++
		case "svg", "title", "style", "rect":
		default:
			t.Errorf("an element %s", start.Name.Local)
		}
		for _, attr := range start.Attr {
			if strings.HasPrefix(attr.Name.Local, "on") || strings.Contains(attr.Name.Local, "href") {
				t.Errorf("an attribute %s", attr.Name.Local)
			}
		}
	}
	if texts < 30 {
		t.Errorf("%d texts", texts)
	}
	svg := string(data)
	for _, bad := range []string{"/tmp", "/home", "/root", "/Users", "@import", "url(", "javascript:"} {
		if strings.Contains(svg, bad) {
			t.Errorf("it has %s", bad)
		}
	}
	if i := strings.IndexFunc(svg, func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }); i >= 0 {
		t.Errorf("a character %q", svg[i:i+1])
	}
	for _, want := range []string{"prefers-color-scheme: dark", "monospace", "aiolos POST", "aiolos get", "aiolos time", "aiolos bench"} {
		if !strings.Contains(svg, want) {
			t.Errorf("it has no %s", want)
		}
	}
}

// TestReports: the pictures of reports are as large as they were taken, and show
// something.
func TestReports(t *testing.T) {
	t.Parallel()
	for _, r := range reports {
		f, err := os.Open(filepath.Join("..", "..", "docs", r.picture))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		img, err := png.Decode(f)
		if err != nil {
			t.Fatal(err)
		}
		if b := img.Bounds(); b.Dx() != pageWidth || b.Dy() != r.height {
			t.Errorf("%s: %d times %d pixels, want %d times %d", r.picture, b.Dx(), b.Dy(), pageWidth, r.height)
		}
		blue := 0 // bars
		for y := range img.Bounds().Dy() {
			for x := range img.Bounds().Dx() {
				if (color.NRGBA{9, 105, 218, 255}) == color.NRGBAModel.Convert(img.At(x, y)) {
					blue++
				}
			}
		}
		if blue < 1000 {
			t.Errorf("%s: %d pixels are of bars", r.picture, blue)
		}
	}
}
