package app

import (
	"io"
	"os"
)

// HasUnreadInput reports whether somebody has given something on standard input that was
// not read: there are bytes in a pipe, or a file whose beginning was not touched. A file
// in whose midst a loop of a shell reads is none of that. Nothing is read.
func (a *App) HasUnreadInput() bool {
	f, ok := a.In.(*os.File)
	if !ok || a.InTTY {
		return false
	}
	info, err := f.Stat()
	if err != nil {
		return false
	}
	if info.Mode().IsRegular() {
		at, err := f.Seek(0, io.SeekCurrent)
		return err == nil && at == 0 && info.Size() > 0
	}
	return info.Mode()&(os.ModeNamedPipe|os.ModeSocket) != 0 && waitingBytes(f) > 0
}
