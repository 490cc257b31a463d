// Command picture makes the pictures of the tool: it runs commands on a terminal and
// draws what they print as an SVG, and has a browser draw the reports that they write.
//
// It is a module of its own, so that the terminal is not among the dependencies of
// the tool. It takes the ports that the command lines name, 8080 and 8443.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"

	"github.com/charmbracelet/x/vt"
	"github.com/creack/pty"
)

// The size of the terminal. There is room for all that the commands print.
const columns, lines = 92, 200

const title = "Four commands of aiolos and what they print: a request, downloads on their way, the times of a request, and the summary of many"

// command is a command line of the picture.
type command struct {
	line string
	half bool // its output is shown as it was when one of the downloads was done
}

func main() {
	tool := flag.String("tool", filepath.Join("..", "..", "cmd", "aiolos"), "the directory of the tool's source")
	docs := flag.String("docs", filepath.Join("..", "..", "docs"), "the directory to write to")
	flag.Parse()
	if err := makePictures(context.Background(), *tool, *docs); err != nil {
		fmt.Fprintln(os.Stderr, "picture:", err)
		os.Exit(1)
	}
}

// makePictures builds the tool, runs the commands, and draws them.
func makePictures(ctx context.Context, tool, docs string) error {
	dir, err := os.MkdirTemp("", "picture")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	build := exec.CommandContext(ctx, "go", "build", "-o", dir, ".") //nolint:gosec // the directory is ours
	build.Dir, build.Stderr = tool, os.Stderr
	if err := build.Run(); err != nil {
		return fmt.Errorf("build the tool: %w", err)
	}
	authority, stop, err := startServers(ctx, dir)
	if err != nil {
		return err
	}
	defer stop()
	if err := drawTerminal(ctx, dir, authority, filepath.Join(docs, "aiolos.svg")); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "urls.txt"), []byte(urlList()), 0o600); err != nil {
		return err
	}
	return takeScreenshots(ctx, dir, authority, docs)
}

// drawTerminal runs the commands of the terminal and draws it.
func drawTerminal(ctx context.Context, dir, authority, out string) error {
	screen := vt.NewEmulator(columns, lines)
	defer screen.Close()
	for _, c := range []command{
		{line: "aiolos POST :8080/things name=gopher age:=16 X-App:demo"},
		{line: "aiolos get -j 3 -d isos :8080/a.iso :8080/b.iso :8080/c.iso", half: true},
		{line: "aiolos time https://localhost:8443/report"},
		{line: "aiolos bench -n 5000 -c 50 :8080/get"},
	} {
		text, err := runOnTerminal(ctx, c.line, dir, authority)
		if err != nil {
			return fmt.Errorf("%s: %w\n%s", c.line, err, text)
		}
		if c.half {
			text = cutHalfway(text)
		}
		if _, err := io.WriteString(screen, typeCommand(c.line)+text+"\r\n"); err != nil {
			return err
		}
	}
	return os.WriteFile(out, []byte(drawSVG(screen, title)), 0o600)
}

// typeCommand is a prompt and a command line, as if somebody had typed it.
func typeCommand(line string) string { return "\x1b[2m$\x1b[0m \x1b[1m" + line + "\x1b[0m\r\n" }

// runOnTerminal runs a command line of words without quotes, in a directory in which
// the tool is, and returns what it has written to its terminal.
func runOnTerminal(ctx context.Context, line, dir, authority string) (string, error) {
	words := strings.Fields(line)
	cmd := exec.CommandContext(ctx, filepath.Join(dir, words[0]), words[1:]...) //nolint:gosec // the tool that was built
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "SSL_CERT_FILE="+authority, "HOME="+dir, "TERM=xterm", "NO_COLOR=")
	terminal, err := pty.StartWithSize(cmd, &pty.Winsize{Cols: columns, Rows: 50})
	if err != nil {
		return "", err
	}
	defer terminal.Close()
	text, err := io.ReadAll(terminal)
	if errors.Is(err, syscall.EIO) {
		err = nil // which is how Linux tells that the other side is closed
	}
	return string(text), errors.Join(err, cmd.Wait())
}

// cutHalfway is what has been written when one of the downloads is done: the last
// frame before the second one is.
func cutHalfway(text string) string {
	done := regexp.MustCompile(`\x1b\[\d+A\x1b\[J\x1b\[32mdone`).FindAllStringIndex(text, 2)
	if len(done) < 2 {
		return text
	}
	return text[:done[1][0]]
}
