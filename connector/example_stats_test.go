package connector_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"

	"github.com/aiolos-http/aiolos/connector"
)

// Who holds the slots, host by host.
func ExampleConnector_HostStats() {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "body") }))
	defer srv.Close()
	c, err := connector.New(connector.Config{Hosts: map[string]string{"api.example:80": srv.Listener.Addr().String()}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()
	client := &http.Client{Transport: c}
	resp, err := client.Get("http://api.example/")
	if err != nil {
		fmt.Println(err)
		return
	}
	show := func() {
		hosts, total := c.HostStats()
		for _, h := range hosts {
			fmt.Printf("%s: %d in use, %d idle, of %d in use in all\n", h.Host, h.InUse, h.Idle, total.InUse)
		}
	}
	show() // its body is not read yet
	_, err = io.Copy(io.Discard, resp.Body)
	resp.Body.Close()
	show()
	fmt.Println(err)
	// Output:
	// api.example:80: 1 in use, 0 idle, of 1 in use in all
	// api.example:80: 0 in use, 1 idle, of 0 in use in all
	// <nil>
}
