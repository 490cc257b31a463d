package rawhead_test

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/aiolos-http/aiolos/internal/rawhead"
)

func ExampleScanner() {
	var s rawhead.Scanner
	s.Reset(rawhead.Limits{MaxLine: 8190, MaxField: 8190, MaxHeaders: 128, Keep: true})
	for _, piece := range []string{
		"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\nHTTP/1.1 20",
		"0 OK\r\nx-ID: 1\r\nserver", ": a\r\n\r\nthe body",
	} {
		if err := s.Feed([]byte(piece)); err != nil {
			fmt.Println(err)
		}
	}
	fmt.Println(s.Done(), s.Interim())
	for _, f := range s.Fields() {
		fmt.Printf("%s=%s\n", f.Name, f.Value)
	}
	// Output:
	// true 1
	// x-ID=1
	// server=a
}

func ExampleScanner_Feed() {
	var s rawhead.Scanner
	err := s.Feed([]byte("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"))
	var e *rawhead.Error
	fmt.Println(errors.As(err, &e), e)
	// Output: true content-length beside transfer-encoding
}

func ExampleCheckTrailer() {
	h := http.Header{"Digest": {"0123456789"}}
	fmt.Println(rawhead.CheckTrailer(h, rawhead.Limits{MaxField: 8}))
	// Output: trailer field longer than 8 bytes
}
