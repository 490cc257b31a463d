package connector_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
)

func docsTransport() (*http.Client, error) {
	transport, err := connector.NewTransport(connector.Config{
		LimitPerHost: 6,
		Resolver:     connector.Nameservers(netip.MustParseAddrPort("192.0.2.53:53")),
		AllowAddr:    connector.RefusePrivate,
	})
	if err != nil {
		return nil, err // a field that a Transport has nothing for
	}
	return &http.Client{Transport: transport}, nil
}

var _ = docsTransport

// An SDK that takes nothing but an *http.Transport gets the DNS cache, the race over
// addresses, the guard of addresses and the limit per host all the same.
func ExampleNewTransport() {
	srv := httptest.NewServer(http.NotFoundHandler())
	defer srv.Close()
	transport, err := connector.NewTransport(connector.Config{LimitPerHost: 6, AllowAddr: connector.RefusePrivate})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport}
	if resp, err := client.Get(srv.URL); err != nil {
		fmt.Println("the server is on loopback:", errors.Is(err, errors.ErrClientConnector))
	} else {
		resp.Body.Close()
	}
	_, err = connector.NewTransport(connector.Config{Limit: 100})
	fmt.Println(err)
	// Output:
	// the server is on loopback: true
	// invalid Limit: an http.Transport has no limit for all hosts together
}
