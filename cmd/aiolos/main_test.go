package main

import (
	"bytes"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/aiolos-http/aiolos/internal/wiretest"
	"github.com/mccutchen/go-httpbin/v2/httpbin"
	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"aiolos": main, "bareloop": bareLoop})
}

// TestScripts runs the command lines of testdata/script against a server on the
// loopback interface.
func TestScripts(t *testing.T) {
	t.Parallel()
	srv := quietServer(t, false).Listener.Addr().String()
	tlsServer := quietServer(t, true)
	secure := tlsServer.Listener.Addr().String()
	closed := wiretest.RefusedAddr(t)
	alert, junk := rawServer(t, "\x15\x03\x01\x00\x02\x02\x46"), rawServer(t, "SSH-2.0-x\r\n")
	badHead := rawServer(t, "HTTP/1.1 200 OK\r\nX-A: \x1b[2J\r\n\r\n")
	unix, proxy := unixServer(t), proxyServer(t, srv)
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("SERVER", srv)
			env.Setenv("PORT", srv[strings.LastIndexByte(srv, ':')+1:])
			env.Setenv("SECURE", secure)
			env.Setenv("CLOSED", closed)
			env.Setenv("ALERT", alert)
			env.Setenv("BADHEAD", badHead)
			env.Setenv("JUNK", junk)
			env.Setenv("PIN", pinOf(tlsServer))
			env.Setenv("FILESUM", fileSum())
			env.Setenv("UNIX", unix)
			env.Setenv("PROXY", proxy)
			// With the race detector a process waits a second at its end.
			env.Setenv("GORACE", "atexit_sleep_ms=0")
			// A name of its own, for the files that fail only once.
			env.Setenv("ID", strconv.FormatInt(time.Now().UnixNano(), 36))
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":    exits,
			"waitsize": waitSize,
			"subst":    subst,
			"marked":   marked,
		},
	})
}

// exits CODE COMMAND... runs a command and checks its exit code.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// subst FILE replaces the variables in a file.
func subst(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: subst FILE")
	}
	name := ts.MkAbs(args[0])
	ts.Check(os.WriteFile(name, []byte(os.Expand(ts.ReadFile(args[0]), ts.Getenv)), 0o600))
}

// marked CODING FILE... replaces the variables in files, and writes them in utf-8 or
// utf-16 with a byte order mark.
func marked(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: marked utf-8|utf-16 FILE...")
	}
	for _, name := range args[1:] {
		subst(ts, false, []string{name})
		data := []byte("\ufeff" + ts.ReadFile(name))
		if args[0] == "utf-16" {
			var wide []byte
			for _, unit := range utf16.Encode([]rune(string(data))) {
				wide = binary.LittleEndian.AppendUint16(wide, unit)
			}
			data = wide
		}
		ts.Check(os.WriteFile(ts.MkAbs(name), data, 0o600))
	}
}

// waitsize FILE SIZE waits until a file has a size, which a command in the
// background gives it.
func waitSize(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: waitsize FILE SIZE")
	}
	want, err := strconv.ParseInt(args[1], 10, 64)
	ts.Check(err)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	give := time.After(20 * time.Second)
	for {
		info, err := os.Stat(ts.MkAbs(args[0]))
		if err == nil && info.Size() == want {
			return
		}
		select {
		case <-tick.C:
		case <-give:
			ts.Fatalf("%s has not become %d bytes: %v, %v", args[0], want, info, err)
		}
	}
}

// quietServer starts the server of the scripts.
func quietServer(t *testing.T, secure bool) *httptest.Server {
	t.Helper()
	srv := httptest.NewUnstartedServer(handler())
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	if secure {
		srv.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
		srv.EnableHTTP2 = true
		srv.StartTLS()
	} else {
		srv.Start()
	}
	t.Cleanup(srv.Close)
	return srv
}

// handler is httpbin, and files whose transfer can fail.
func handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", httpbin.New())
	mux.HandleFunc("/flaky/{name}", flaky())
	mux.HandleFunc("/echo", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.Copy(w, r.Body)
	})
	mux.HandleFunc("/challenge", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Add("Www-Authenticate", `Basic realm="a, b"`)
		w.Header().Add("Www-Authenticate", `Digest realm="x", nonce="n", Negotiate canary==`)
		w.WriteHeader(http.StatusUnauthorized)
	})
	mux.HandleFunc("/loop", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/loop", http.StatusFound)
	})
	mux.HandleFunc("/file/{name}", func(w http.ResponseWriter, r *http.Request) { serveFile(w, r, 0) })
	mux.HandleFunc("/evil", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Disposition", `attachment; filename="../../../tmp/.evil"`)
		serveFile(w, r, 0)
	})
	mux.HandleFunc("/dated", func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(w, r, "", time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC), bytes.NewReader(file()))
	})
	mux.HandleFunc("/cut", func(w http.ResponseWriter, r *http.Request) { serveFile(w, r, 1000) })
	var seen sync.Map
	first := func(r *http.Request) bool {
		_, again := seen.LoadOrStore(r.URL.String(), true)
		return !again
	}
	mux.HandleFunc("/cut-once/{name}", func(w http.ResponseWriter, r *http.Request) {
		if first(r) {
			serveFile(w, r, 1000)
		}
		serveFile(w, r, 0)
	})
	mux.HandleFunc("/stall-once/{name}", func(w http.ResponseWriter, r *http.Request) {
		if first(r) {
			w.Header().Set("ETag", `"1"`)
			w.Header().Set("Content-Length", strconv.Itoa(len(file())))
			_, _ = w.Write(file()[:1000])
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
			return
		}
		serveFile(w, r, 0)
	})
	return mux
}

// file is the content of all files.
func file() []byte {
	var b bytes.Buffer
	for i := range 2000 {
		fmt.Fprintf(&b, "line %d\n", i)
	}
	return b.Bytes()
}

// serveFile serves the file, or cuts the connection after so many bytes.
func serveFile(w http.ResponseWriter, r *http.Request, cut int) {
	w.Header().Set("ETag", `"1"`)
	if cut > 0 {
		w.Header().Set("Content-Length", strconv.Itoa(len(file())))
		_, _ = w.Write(file()[:cut])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(file()))
}
