package netrc

// Load is [Cache.Load] without a cache.
func Load(getenv func(string) string) (*File, error) { return new(Cache).Load(getenv) }
