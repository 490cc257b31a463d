package conn

// ParseMany lets tests see what a URL with several hosts says.
func ParseMany(address, port string) (addrs []string, user, password, path string, withTLS bool, err error) {
	m, err := parseMany(address, port)
	return m.addrs, m.user, m.password, m.path, m.tls != nil, err
}
