package h1

var (
	GetReader = getReader
	PutReader = putReader
	GetWriter = getWriter
	PutWriter = putWriter
)
