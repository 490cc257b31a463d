package promaiolos_test

import (
	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/session"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/aiolos-http/aiolos/contrib/promaiolos"
)

var _ = docsRegister

func docsRegister(s *session.Session, retrier *middleware.Retrier, breaker *middleware.Breaker) error {
	c := promaiolos.New(promaiolos.Config{})
	if err := c.Add("payments", s, retrier, breaker); err != nil { // a session, and its policies
		return err
	}
	return prometheus.Register(c)
}
