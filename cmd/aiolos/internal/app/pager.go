package app

import (
	"os"
	"os/exec"
	"strings"
)

// runPager shows a text in the pager of the user, or in less if there is one.
func runPager(text string) error {
	words := strings.Fields(os.Getenv("PAGER"))
	if len(words) == 0 {
		words = []string{"less", "-FRX"}
	}
	cmd := exec.Command(words[0], words[1:]...) //nolint:gosec,noctx // the user's own program, which ends by the user's key
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(text), os.Stdout, os.Stderr
	return cmd.Run()
}
