package progress

// FormatLeft is formatLeft.
var FormatLeft = formatLeft
