package promaiolos_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/session"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/aiolos-http/aiolos/contrib/promaiolos"
)

// A session and its policy, under one name.
func Example() {
	srv := httptest.NewServer(http.NotFoundHandler())
	defer srv.Close()
	retry := middleware.NewRetrier(middleware.RetryPolicy{})
	s, err := session.New(session.Config{Middleware: []middleware.Middleware{retry.Wrap}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()
	c := promaiolos.New(promaiolos.Config{})
	if err := c.Add("payments", s, retry); err != nil {
		fmt.Println(err)
		return
	}
	reg := prometheus.NewRegistry() // or prometheus.MustRegister(c)
	reg.MustRegister(c)

	resp, err := s.Get(context.Background(), srv.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	resp.Close()
	families, err := reg.Gather() // what promhttp.Handler does
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, f := range families {
		switch f.GetName() {
		case "aiolos_connections_opened_total", "aiolos_retry_attempts_total":
			m := f.GetMetric()[0]
			fmt.Println(f.GetName(), m.GetLabel()[0].GetValue(), m.GetCounter().GetValue())
		}
	}
	// Output:
	// aiolos_connections_opened_total payments 1
	// aiolos_retry_attempts_total payments 1
}
