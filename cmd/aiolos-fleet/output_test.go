package main

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/alicebob/miniredis/v2"
)

// TestLostOutput: an answer that cannot be written is an error, on one line.
func TestLostOutput(t *testing.T) {
	t.Parallel()
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("no /dev/full here")
	}
	defer full.Close()
	server := miniredis.RunT(t)
	for _, args := range [][]string{
		{"push"}, {"status"}, {"status", "--watch"}, {"retry"}, {"drain"}, {"drain", "--resume"}, {"--version"}, {"--help"}, {"help", "work"}, {"work", "--help"}, {},
	} {
		var errs bytes.Buffer
		cmd := command(t, []string{"AIOLOS_FLEET_REDIS=" + server.Addr()}, args...)
		cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader("http://h/a\n"), full, &errs
		err := cmd.Run()
		if cmd.ProcessState.ExitCode() != 1 || !strings.Contains(errs.String(), "no space left") || strings.Count(errs.String(), "\n") != 1 {
			t.Errorf("%q: got %v, %q", args, err, errs.String())
		}
	}
}
