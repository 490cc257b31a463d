package session

// TotalRawBytes is how many bytes of the body have come in, before they were
// decoded; what is read ahead counts. Unless the body is decoded, it is
// TotalBytes and Buffered together. The framing of HTTP counts neither here nor
// there. (aiohttp: total_raw_bytes)
func (s *StreamReader) TotalRawBytes() int64 {
	if b, ok := s.src.(*responseBody); ok && b.decoding != nil {
		return b.decoding.n
	}
	return s.total + int64(len(s.buffered()))
}

// Buffered is how many bytes can be had without waiting.
func (s *StreamReader) Buffered() int { return len(s.buffered()) }
