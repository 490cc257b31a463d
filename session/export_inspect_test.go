package session

// RedactURLs hides the secrets of URLs in a text.
func RedactURLs(text string) string { return redactURLs(text) }
