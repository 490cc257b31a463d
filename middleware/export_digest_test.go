package middleware

// DigestKnown is [Digest] with a cnonce that is known beforehand.
func DigestKnown(cfg DigestConfig, cnonce string) Middleware {
	cfg.Cnonce = func() string { return cnonce }
	return Digest(cfg)
}

// AuthChallenges lets tests see the parser: each challenge is the scheme and its
// parameters, or nil parameters if it is broken.
func AuthChallenges(lines ...string) (schemes []string, params []map[string]string) {
	for _, c := range parseChallenges(lines) {
		schemes = append(schemes, c.scheme)
		if c.broken {
			c.params = nil
		}
		params = append(params, c.params)
	}
	return schemes, params
}
