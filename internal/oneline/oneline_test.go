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

func TestLines(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{"a": "a", "": "", "a\nb": "a; b", "a\r\n\r\nb\n": "a; b", "\n": ""} {
		if got := oneline.Text(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
	if err := oneline.Error(io.EOF); err != io.EOF || oneline.Error(nil) != nil {
		t.Errorf("got %v, want it as it is", err)
	}
	err := oneline.Error(stderrors.Join(io.EOF, fs.ErrExist))
	if got, want := err.Error(), "EOF; file already exists"; got != want || !stderrors.Is(err, io.EOF) || !stderrors.Is(err, fs.ErrExist) {
		t.Errorf("got %q, want %q", got, want)
	}
}
