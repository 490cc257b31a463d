package connector_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/aiolos-http/aiolos/connector"
)

// A connector stands wherever an *http.Transport can.
func Example() {
	srv := httptest.NewServer(http.NotFoundHandler())
	defer srv.Close()
	conn, err := connector.New(connector.Config{Limit: 20, LimitPerHost: 6})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close()
	client := &http.Client{Transport: conn}
	resp, err := client.Get(srv.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	resp.Body.Close()
	fmt.Println(resp.Status)
	// Output: 404 Not Found
}

func ExampleRecorder_Reset() {
	srv := httptest.NewServer(http.NotFoundHandler())
	defer srv.Close()
	conn, err := connector.New(connector.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close()
	var record connector.Recorder
	req, err := http.NewRequestWithContext(connector.WithSettings(context.Background(), connector.Settings{Recorder: &record}), http.MethodGet, srv.URL, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	resp, err := conn.RoundTrip(req)
	if err != nil {
		fmt.Println(err)
		return
	}
	resp.Body.Close()
	fmt.Println(record.Conn().Proto, record.Timing().Start.IsZero())
	record.Reset()
	fmt.Println(record.Conn().Remote, record.Timing().Start.IsZero())
	// Output:
	// HTTP/1.1 false
	// <nil> true
}

func ExampleWithSettings() {
	srv := httptest.NewServer(http.NotFoundHandler())
	defer srv.Close()
	conn, err := connector.New(connector.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close()
	var record connector.Recorder
	ctx := connector.WithSettings(context.Background(), connector.Settings{
		Timeout:  connector.ClientTimeout{SockRead: 10 * time.Second},
		Recorder: &record,
	})
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, srv.URL, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	resp, err := conn.RoundTrip(req)
	if err != nil {
		fmt.Println(err)
		return
	}
	resp.Body.Close()
	timing := record.Timing()
	fmt.Println(timing.Reused, timing.Total > timing.Connect)
	// Output: false true
}

func ExampleConnector_Stats() {
	conn, err := connector.New(connector.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close()
	fmt.Printf("%+v\n", conn.Stats())
	// Output: {InUse:0 Unread:0 Idle:0 Waiting:0 Hosts:0 Opened:0 Closed:0 Reused:0 Retried:0}
}

// With NoNetrc the environment has proxies, and no credentials.
func ExampleConfig_noNetrc() {
	file := filepath.Join(os.TempDir(), "aiolos-example-netrc")
	if err := os.WriteFile(file, []byte("machine 127.0.0.1 login gopher password x"), 0o600); err != nil {
		fmt.Println(err)
		return
	}
	defer os.Remove(file)
	os.Setenv("NETRC", file)
	defer os.Unsetenv("NETRC")
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		login, _, ok := r.BasicAuth()
		fmt.Println("credentials:", ok, login)
	}))
	defer srv.Close()
	for _, without := range []bool{false, true} {
		conn, err := connector.New(connector.Config{TrustEnv: true, NoNetrc: without})
		if err != nil {
			fmt.Println(err)
			return
		}
		resp, err := (&http.Client{Transport: conn}).Get(srv.URL)
		if err != nil {
			fmt.Println(err)
			return
		}
		resp.Body.Close()
		conn.Close()
	}
	// Output:
	// credentials: true gopher
	// credentials: false
}

// A netrc file that others can read is not used, and not passed over in silence.
func ExampleConfig_onWarning() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	os.Setenv("NETRC", dir) // which is no file
	defer os.Unsetenv("NETRC")
	srv := httptest.NewServer(http.NotFoundHandler())
	defer srv.Close()
	conn, err := connector.New(connector.Config{TrustEnv: true, OnWarning: func(err error) {
		fmt.Println("warning:", strings.ReplaceAll(err.Error(), dir, "…"))
	}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close()
	for range 2 {
		resp, err := (&http.Client{Transport: conn}).Get(srv.URL)
		if err != nil {
			fmt.Println(err)
			return
		}
		resp.Body.Close()
		fmt.Println(resp.Status)
	}
	// Output:
	// warning: netrc "…": is not a regular file
	// 404 Not Found
	// 404 Not Found
}

// The host of the URL stays, and the connection goes elsewhere: curl's --connect-to.
func ExampleConfig_hosts() {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, "hello,", r.Host)
	}))
	defer srv.Close()
	conn, err := connector.New(connector.Config{Hosts: map[string]string{
		"api.example:80": srv.Listener.Addr().String(), // not in DNS yet
	}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close()
	resp, err := (&http.Client{Transport: conn}).Get("http://api.example/")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	io.Copy(os.Stdout, resp.Body)
	// Output: hello, api.example
}
