package debug

// Write writes the page, without the pause between two looks.
func Write(h *Handler, format string) ([]byte, error) { return h.write(format) }
