// Package ws is a WebSocket client, RFC 6455 and RFC 7692, with the shape of
// aiohttp's. The handshake goes through anything that can send a request: a
// session, or an *http.Client.
//
//	c, err := ws.Dial(ctx, client, "wss://example.com/chat", &ws.Options{Heartbeat: 30 * time.Second})
//	if err != nil {
//		return err
//	}
//	defer c.Close(ws.CloseNormal, "")
//	for m, err := range c.Messages(ctx) {
//		...
//	}
//
// # Contexts and timeouts
//
// A context, and Options.ReceiveTimeout, bound the call that they are given to
// and do no harm to the connection: a receive that was given up loses no message,
// a send that was given up has sent all of its message or nothing. The context of
// [Dial] bounds the handshake only.
//
// # The end
//
// A WebSocket ends in one of four ways, and [Conn.CloseCode] tells which:
//
//   - the peer closes. Receive returns its Close message once, and then a
//     [*CloseError] with its code and reason. The answer is sent at once, unless
//     Options.NoAutoClose is set.
//   - this side calls [Conn.Close], or [Conn.CloseNow] without a farewell.
//   - the peer breaks the protocol, or a limit: 1002, 1007 for what is not UTF-8 or
//     cannot be decompressed, 1009 for what is too big. The peer is told.
//   - the connection is lost, or the heartbeat missed: 1006, with the cause.
//
// One of the two has to be called in any case but costs nothing after the end. A
// [CloseError] says whose code it has.
//
// # Limits
//
// A message may have Options.MaxMessageSize bytes, and a bounded number of
// fragments. About 64 KiB are read ahead of the receiver and buffered for sending;
// beyond that the peer, and the sender, have to wait. A program that never
// receives does not see pings either, as in aiohttp.
//
// # Names
//
// aiohttp's ClientWebSocketResponse is [Conn], WSMessage is [Message], WSMsgType is
// [MessageType], WSCloseCode is [CloseCode]. What aiohttp does differently: a
// timeout of receive does not set the close code; close() has one deadline for
// everything; CLOSING, CLOSED and ERROR are errors instead of messages; a peer that
// chooses a subprotocol which was not offered fails the handshake (RFC 6455 4.1), where
// aiohttp goes on without one.
package ws

// The words of the code: the end is what [CloseError] says, noted once (recordEnd); the reader
// meets it (endReading), and teardown gives back what the Conn holds. To abort is to
// end without a Close frame. To release is to stop being the reader (reader.go draws
// who reads when). Control frames are injected between the codec's frames, and held
// until there is a boundary; flushing writes what is queued.
