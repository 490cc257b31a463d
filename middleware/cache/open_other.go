//go:build !unix

package cache

import "os"

// openFile opens a file to read. Who reads has to look at the mode.
func openFile(name string) (*os.File, error) { return os.Open(name) }
