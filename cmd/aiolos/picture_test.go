package main

import (
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/aiolos-http/aiolos/internal/certs"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/picture"
)

var update = flag.Bool("update", false, "make the picture of the tool anew")

// picturePage is the picture of the README.
var picturePage = filepath.Join("..", "..", "docs", "aiolos.svg")

// TestPicture: the picture is one that every browser draws, from this file alone,
// and has nothing of the machine on which it was made.
func TestPicture(t *testing.T) {
	t.Parallel()
	if *update {
		takePicture(t)
	}
	data, err := os.ReadFile(picturePage)
	if err != nil {
		t.Fatal(err)
	}
	texts := 0
	d := xml.NewDecoder(strings.NewReader(string(data)))
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		start, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		switch start.Name.Local {
		case "text":
			texts++
		case "svg", "title", "style", "rect":
		default:
			t.Errorf("an element %s", start.Name.Local)
		}
		for _, attr := range start.Attr {
			if strings.HasPrefix(attr.Name.Local, "on") || strings.Contains(attr.Name.Local, "href") {
				t.Errorf("an attribute %s", attr.Name.Local)
			}
		}
	}
	if texts < 30 {
		t.Errorf("%d texts", texts)
	}
	svg := string(data)
	for _, bad := range []string{"/tmp", "/home", "/root", "/Users", "@import", "url(", "javascript:"} {
		if strings.Contains(svg, bad) {
			t.Errorf("it has %s", bad)
		}
	}
	if i := strings.IndexFunc(svg, func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }); i >= 0 {
		t.Errorf("a character %q", svg[i:i+1])
	}
	for _, want := range []string{"prefers-color-scheme: dark", "monospace", "aiolos POST", "aiolos get", "aiolos time", "aiolos bench"} {
		if !strings.Contains(svg, want) {
			t.Errorf("it has no %s", want)
		}
	}
}

// takePicture runs some commands on a terminal, and draws what they print. It
// takes the ports that the command lines name, and util-linux' script for the
// terminal: it runs by hand only, by make picture.
func takePicture(t *testing.T) {
	t.Helper()
	authority := pictureServers(t)
	var screen picture.Screen
	for _, c := range []struct {
		line string
		half bool // while it runs
	}{
		{line: "aiolos POST :8080/things name=gopher age:=16 X-App:demo"},
		{line: "aiolos get -j 3 -d isos :8080/a.iso :8080/b.iso :8080/c.iso", half: true},
		{line: "aiolos time https://localhost:8443/report"},
		{line: "aiolos bench -n 5000 -c 50 :8080/get"},
	} {
		cmd := exec.CommandContext(t.Context(), "script", "-qec", "stty cols 92 rows 50; "+c.line, os.DevNull)
		cmd.Dir = t.TempDir()
		cmd.Env = append(os.Environ(), "SSL_CERT_FILE="+authority, "HOME="+cmd.Dir, "TERM=xterm", "SHELL=/bin/sh", "NO_COLOR=")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", c.line, err, out)
		}
		text := string(out)
		if c.half {
			text = halfway(text)
		}
		if err := errors.Join(screen.Command(c.line), screen.Play(text+"\n")); err != nil {
			t.Fatalf("%s: %v", c.line, err)
		}
	}
	t.Log("\n" + screen.Text())
	title := "Four commands of aiolos and what they print: a request, downloads on their way, the times of a request, and the summary of many"
	if err := os.WriteFile(picturePage, []byte(screen.SVG(title)), 0o644); err != nil {
		t.Fatal(err)
	}
}

// halfway is what has been written when one of the downloads is done: the last
// frame before the second one is.
func halfway(text string) string {
	done := regexp.MustCompile(`\x1b\[\d+A\x1b\[J\x1b\[32mdone`).FindAllStringIndex(text, 2)
	if len(done) < 2 {
		return text
	}
	return text[:done[1][0]]
}

// pictureServers starts the servers of the picture and returns the file of their
// certificates' authority.
func pictureServers(t *testing.T) string {
	t.Helper()
	mux := http.NewServeMux()
	mux.Handle("/", handler())
	mux.HandleFunc("POST /things", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Location", "/things/7")
		w.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(w, `{"id":7,"name":"gopher","age":16,"tags":["blue",null,true]}`)
	})
	mux.HandleFunc("/report", func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(30 * time.Millisecond)
		_, _ = io.WriteString(w, strings.Repeat("a line of the report\n", 200))
		_ = http.NewResponseController(w).Flush()
		time.Sleep(12 * time.Millisecond)
		_, _ = io.WriteString(w, "the end\n")
	})
	for i, name := range []string{"/a.iso", "/b.iso", "/c.iso"} {
		mux.HandleFunc("GET "+name, func(w http.ResponseWriter, _ *http.Request) {
			const pieces = 30
			piece := make([]byte, 400_000*(i+1))
			w.Header().Set("Content-Length", strconv.Itoa(pieces*len(piece)))
			for range pieces {
				_, _ = w.Write(piece)
				_ = http.NewResponseController(w).Flush()
				time.Sleep(time.Duration(30+20*i) * time.Millisecond)
			}
		})
	}
	ca := must(certs.NewAuthority())
	for _, addr := range []string{"127.0.0.1:8080", "127.0.0.1:8443"} {
		ln, err := net.Listen("tcp4", addr)
		if err != nil {
			t.Fatal(fmt.Errorf("the picture needs the port: %w", err))
		}
		srv := &httptest.Server{Listener: ln, Config: &http.Server{Handler: mux}}
		if addr == "127.0.0.1:8080" {
			srv.Start()
		} else {
			srv.TLS, srv.EnableHTTP2 = must(ca.Issue(certs.Options{})).Server(), true
			srv.StartTLS()
		}
		t.Cleanup(srv.Close)
	}
	return writeAuthority(t, ca)
}
