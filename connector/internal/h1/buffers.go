package h1

// bufferSize must stay net/http's own: it is also its bound for a trailer, and a
// bufio.Writer of another size would be wrapped by another one.
const bufferSize = 4096
