package ws

// MessageEvent is a message that has passed, for [Options].OnMessage.
type MessageEvent struct {
	// Sent says that it is this side's.
	Sent bool
	Type MessageType
	Size int // bytes
}

func (c *Conn) tellMessage(sent bool, typ MessageType, size int) {
	if c.opts.OnMessage != nil {
		c.opts.OnMessage(MessageEvent{Sent: sent, Type: typ, Size: size})
	}
}
