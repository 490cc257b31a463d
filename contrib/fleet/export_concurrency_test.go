package fleet

// Gates is how many keys the limiter remembers.
func Gates(c *ConcurrencyLimiter) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.gates)
}

// MaxGone is how many places that were given back are kept in mind for Redis, for a key.
const MaxGone = maxGone

// Gone is how many there are.
func Gone(c *ConcurrencyLimiter) (n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, g := range c.gates {
		n += len(g.gone)
	}
	return n
}
