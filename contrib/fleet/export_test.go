package fleet

// FlightsOf is how many keys requests of this process wait for or fill.
func FlightsOf(s *CacheStore) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.flights) + len(s.leads)
}
