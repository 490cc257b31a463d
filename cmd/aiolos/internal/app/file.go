package app

import (
	"fmt"
	"io"
	"os"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/textfile"
)

// MaxFile bounds a file that an item reads into memory. A whole body (@FILE) is
// streamed and has no such bound.
const MaxFile = 64 << 20

// ReadFile reads a file that an item names.
func ReadFile(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readBounded(f, name)
}

// ReadText reads a file of text, such as a list. It is in UTF-8, or says by a byte order
// mark in what else; the mark is passed over.
func ReadText(name string) ([]byte, error) {
	data, err := ReadFile(name)
	return textfile.UTF8(data), err
}

// ReadInput reads standard input, which may be as large as a file.
func (a *App) ReadInput() ([]byte, error) { return readBounded(a.In, "-") }

// readBounded reads all of a file. One that is too large is an error, and not cut.
func readBounded(r io.Reader, name string) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, MaxFile+1))
	if err == nil && len(data) > MaxFile {
		return nil, fmt.Errorf("%s is larger than 64 MiB: send it as the whole body, @%s", name, name)
	}
	return data, err
}

// ReadFileOrInput reads a file; - is standard input.
func (a *App) ReadFileOrInput(name string) ([]byte, error) {
	if name == "-" {
		return a.ReadInput()
	}
	return ReadFile(name)
}
