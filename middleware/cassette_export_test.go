package middleware

// CassetteRewrite reads a cassette and writes it again.
func CassetteRewrite(text []byte) ([]byte, error) {
	tracks, err := cassetteRead(text)
	if err != nil {
		return nil, err
	}
	return cassetteWrite(tracks), nil
}
