package connector

import "unsafe"

// ExchangeSize is what each request takes here, in bytes.
const ExchangeSize = unsafe.Sizeof(exchange{})
