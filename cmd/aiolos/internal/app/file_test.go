package app_test

import (
	"io"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/app"
)

// zeros never ends.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// Input that is too large is an error: nothing is sent that was cut.
func TestReadInput(t *testing.T) {
	t.Parallel()
	for size, want := range map[int64]string{
		0: "", app.MaxFile: "", app.MaxFile + 1: "- is larger than 64 MiB: send it as the whole body, @-",
	} {
		a := &app.App{Streams: app.Streams{In: io.LimitReader(zeros{}, size)}}
		data, err := a.ReadInput()
		if want == "" && (err != nil || int64(len(data)) != size) {
			t.Errorf("%d bytes: got %d, %v", size, len(data), err)
		}
		if want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%d bytes: got %d, %v, want %s", size, len(data), err, want)
		}
	}
}
