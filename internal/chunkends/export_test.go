package chunkends

// Reset makes the scanner ready for another body.
func (s *Scanner) Reset() { *s = Scanner{ends: s.ends[:0]} }

// Done reports whether the last chunk has come, the one of size zero.
func (s *Scanner) Done() bool { return s.state == lastChunk }
