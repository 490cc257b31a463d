package oneline_test

import (
	stderrors "errors"
	"io"
	"io/fs"
	"testing"

	"github.com/aiolos-http/aiolos/internal/oneline"
)

func TestJoin(t *testing.T) {
	t.Parallel()
	if err := oneline.Join(nil, nil); err != nil {
		t.Errorf("got %v, want nil", err)
	}
	if err := oneline.Join(nil, io.EOF); err != io.EOF {
		t.Errorf("got %v, want it as it is", err)
	}
	err := oneline.Join(io.EOF, nil, fs.ErrExist)
	if got, want := err.Error(), "EOF; file already exists"; got != want || !stderrors.Is(err, io.EOF) || !stderrors.Is(err, fs.ErrExist) {
		t.Errorf("got %q, want %q", got, want)
	}
}
