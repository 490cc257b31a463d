package cli

import (
	"fmt"
	"io"
	"os"
)

// readFile reads a file that an item names.
func readFile(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(data) > maxFile {
		err = fmt.Errorf("%s is larger than 64 MiB: send it as the whole body, @%s", name, name)
	}
	return data, err
}

// readInput reads standard input, as much as a file may have.
func (a *app) readInput() ([]byte, error) { return io.ReadAll(io.LimitReader(a.In, maxFile)) }

// readFileOrInput reads a file; - is standard input.
func (a *app) readFileOrInput(name string) ([]byte, error) {
	if name == "-" {
		return a.readInput()
	}
	return readFile(name)
}
