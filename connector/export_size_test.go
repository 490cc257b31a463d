package connector

import "unsafe"

// ExchangeSize is what each request takes here, in bytes.
const ExchangeSize = unsafe.Sizeof(exchange{})

// ConnSize is what each connection of HTTP/1 keeps here, in bytes.
const ConnSize = unsafe.Sizeof(http1Conn{})
