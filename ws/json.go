package ws

import (
	"context"
	"encoding/json"
)

// SendJSON sends v as JSON in a text message (aiohttp: send_json). A value that
// cannot be JSON is an error, and nothing is sent.
func (c *Conn) SendJSON(ctx context.Context, v any, opts ...SendOption) error {
	return c.sendJSON(ctx, Text, v, opts)
}

// SendJSONBytes sends v as JSON in a binary message (aiohttp: send_json_bytes).
func (c *Conn) SendJSONBytes(ctx context.Context, v any, opts ...SendOption) error {
	return c.sendJSON(ctx, Binary, v, opts)
}

func (c *Conn) sendJSON(ctx context.Context, typ MessageType, v any, opts []SendOption) error {
	data, err := json.Marshal(v)
	if err != nil {
		return &opError{"send json", nil, err}
	}
	return c.sendMessage(ctx, typ, data, opts)
}

// ReceiveJSON is [Conn.ReceiveText] for a message, text or binary, that holds
// JSON (aiohttp: receive_json). A message that is not JSON, or not of T, is an
// error, and the connection stays usable.
func ReceiveJSON[T any](ctx context.Context, c *Conn) (T, error) {
	var v T
	m, err := c.receiveType(ctx, Text, Binary)
	if err != nil {
		return v, err
	}
	if err := json.Unmarshal(m.Data, &v); err != nil {
		return v, &opError{"receive json", nil, err}
	}
	return v, nil
}
