package fleet

// Gates is how many keys the limiter remembers.
func Gates(c *ConcurrencyLimiter) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.gates)
}
