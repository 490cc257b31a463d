package cassette

// Rewrite reads a cassette and writes it again.
func Rewrite(text []byte) ([]byte, error) {
	exchanges, err := parseFile(text)
	if err != nil {
		return nil, err
	}
	return formatFile(exchanges), nil
}
