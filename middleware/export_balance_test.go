package middleware

import "math/rand/v2"

// NewBalancerSeeded is [NewBalancer] with random numbers that are known beforehand.
func NewBalancerSeeded(cfg BalanceConfig, seed uint64) *Balancer {
	return newBalancer(cfg, rand.New(rand.NewPCG(seed, seed)).Int64N)
}

// NewBalancerFrom is [NewBalancer] whose first round begins with the n-th backend.
func NewBalancerFrom(cfg BalanceConfig, n int64) *Balancer {
	return newBalancer(cfg, func(int64) int64 { return n })
}

// BackendPlace lets tests see the parser: what it reads as host and port.
var BackendPlace = func(text string) (host, port string, ok bool) {
	p, ok := parsePlace(text)
	return p.host, p.port, ok
}
