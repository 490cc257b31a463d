package app

import (
	"fmt"
	"io"
	"os"
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
	data, err := io.ReadAll(io.LimitReader(f, MaxFile+1))
	if err == nil && len(data) > MaxFile {
		err = fmt.Errorf("%s is larger than 64 MiB: send it as the whole body, @%s", name, name)
	}
	return data, err
}

// ReadInput reads standard input, as much as a file may have.
func (a *App) ReadInput() ([]byte, error) { return io.ReadAll(io.LimitReader(a.In, MaxFile)) }

// ReadFileOrInput reads a file; - is standard input.
func (a *App) ReadFileOrInput(name string) ([]byte, error) {
	if name == "-" {
		return a.ReadInput()
	}
	return ReadFile(name)
}
