// Package demo shows the library at work on servers of its own, all on the
// loopback interface: 300 URLs through one session, with every kind of failure,
// and then a comparison with net/http's client. Each outcome is known before
// the first request is sent; an outcome that differs is a failure of the demo.
package demo
