package cassette_test

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/middleware/cassette"
	"github.com/aiolos-http/aiolos/middleware/internal/mwtest"
)

const cassetteGood = `# aiolos cassette 1

> GET http://example.com/
> Accept: */*
~ url abc
< HTTP/1.1 200 OK
< Content-Type: text/plain
| hello
| world

# written by hand
> PUT http://example.com/x
~ url def
~ body 123
< HTTP/2.0 204
`

func TestRead(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, text, want string }{
		{"good", cassetteGood, ""},
		{"without exchanges", "# aiolos cassette 1\n", ""},
		{"base64", strings.Replace(cassetteGood, "| hello\n| world", "= aGVs\n=bG8=", 1), ""},
		{"empty", "", "line 0: is empty"},
		{"another version", "# aiolos cassette 2\n", "line 1: does not begin with"},
		{"unknown mark", cassetteGood + "! x\n", "line 16: unknown mark"},
		{"no request", "# aiolos cassette 1\n< HTTP/1.1 200 OK\n", "line 2: there is no request above it"},
		{"no url", "# aiolos cassette 1\n> GET\n", "line 2: a request is"},
		{"no response", "# aiolos cassette 1\n> GET /\n~ url a\n", "line 3: a request without a response"},
		{"no response before another", "# aiolos cassette 1\n> GET /\n~ url a\n> GET /\n", "line 4: a request without a response"},
		{"no match", "# aiolos cassette 1\n> GET /\n< HTTP/1.1 200 OK\n", "line 3: a request without ~ url"},
		{"unknown match", "# aiolos cassette 1\n> GET /\n~ header a\n", "line 3: unknown match"},
		{"match below", "# aiolos cassette 1\n> GET /\n< HTTP/1.1 200 OK\n~ url a\n", "line 4: a match below"},
		{"two responses", "# aiolos cassette 1\n> GET /\n~ url a\n< HTTP/1.1 200 OK\n| a\n< HTTP/1.1 200 OK\n", "line 6: a second response"},
		{"no status", "# aiolos cassette 1\n> GET /\n~ url a\n< HTTP/1.1 OK\n", "line 4: a response is"},
		{"status 101", "# aiolos cassette 1\n> GET /\n~ url a\n< HTTP/1.1 101 x\n", "line 4: a response is"},
		{"no protocol", "# aiolos cassette 1\n> GET /\n~ url a\n< 200 OK\n", "line 4: a response is"},
		{"no field", "# aiolos cassette 1\n> GET /\n> nothing\n", "line 3: a field is"},
		{"both bodies", "# aiolos cassette 1\n> GET /\n~ url a\n< HTTP/1.1 200 OK\n| a\n= YQ==\n", "line 6: a body in text and in base64"},
		{"no base64", "# aiolos cassette 1\n> GET /\n~ url a\n< HTTP/1.1 200 OK\n= ?\n", "line 5: a body that is no base64"},
		{"a trailer", strings.Replace(cassetteGood, "| world", "| world\n+ X-Sum: 1", 1), ""},
		{"trailer before the response", "# aiolos cassette 1\n> GET /\n~ url a\n+ X-Sum: 1\n", "line 4: a trailer without a response"},
		{"trailer that is no field", "# aiolos cassette 1\n> GET /\n~ url a\n< HTTP/1.1 200 OK\n+ nothing\n", "line 5: a field is"},
		{"body before the response", "# aiolos cassette 1\n> GET /\n~ url a\n| a\n", "line 4: a body without a response"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "c.txt")
			os.WriteFile(path, []byte(tc.text), 0o600)
			_, err := cassette.Open(path, cassette.Config{})
			if tc.want == "" {
				if err != nil {
					t.Errorf("got %v", err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), "invalid cassette: "+tc.want) || !errors.Is(err, errors.ErrInvalidRequest) {
				t.Errorf("got %v, want %v", err, tc.want)
			}
		})
	}
}

// Whatever is in the file gives an error or a cassette, and a cassette that was
// read is written and read again without a difference.
func FuzzRead(f *testing.F) {
	f.Add([]byte(cassetteGood))
	f.Add([]byte(cassetteGood + "+ X-Sum: 1\n"))
	f.Add([]byte(strings.Replace(cassetteGood, "| hello\n| world", "= aGVsbG8=", 1)))
	f.Add([]byte("# aiolos cassette 1\r\n> GET /\r\n~ url a\r\n< HTTP/1.1 200 OK\r\n|\r\n"))
	f.Add([]byte("# aiolos cassette 1\n> G  H\n> a:\n~ url \n~ url a\n< HTTP/1.0 999 \n<b: c\n|x\n| \n"))
	f.Add([]byte("# aiolos cassette 1\r\n> GET /\n~ url a\r\r\n~ body b\r\r\n< HTTP/1.1 200 OK\r\r\n"))
	f.Add([]byte("# aiolos cassette 1\n> GET /\n> a\rb: c\n> a\x1fb: d\n> \xffb: e\n> \uffffb: f\n~ url a\n< HTTP/1.1 200 OK\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		once, err := cassette.Rewrite(text)
		if err != nil {
			if !errors.Is(err, errors.ErrInvalidRequest) {
				t.Errorf("got %v", err)
			}
			return
		}
		twice, err := cassette.Rewrite(once)
		if err != nil || string(twice) != string(once) {
			t.Errorf("got %v\n%q, want\n%q", err, twice, once)
		}
	})
}

func ExampleOpen() {
	dir, err := os.MkdirTemp("", "cassette")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "hello.txt") // testdata/hello.txt in a test
	for range 2 {
		tape, err := cassette.Open(path, cassette.Config{Mode: cassette.Auto})
		if err != nil {
			fmt.Println(err)
			return
		}
		client := &http.Client{Transport: tape.Wrap(mwtest.HelloServer())}
		resp, err := client.Get("http://example.com/a?token=secret")
		if err != nil {
			fmt.Println(err)
			return
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		fmt.Println(tape.Recording(), string(body), err, tape.Close())
	}
	text, err := os.ReadFile(path)
	fmt.Print(string(text))
	fmt.Println(err)
	// Output:
	// the server is asked: GET /a
	// true hello <nil> <nil>
	// false hello <nil> <nil>
	// # aiolos cassette 1
	//
	// > GET http://example.com/a?token=***
	// ~ url 3cf953e886f9452606f8d62028324046bf8478051126b6b9589443feea0c79c4
	// < HTTP/1.1 200 OK
	// < Cache-Control: max-age=60
	// < Content-Type: text/plain
	// | hello
	// <nil>
}
