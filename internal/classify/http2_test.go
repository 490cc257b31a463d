package classify_test

import (
	"fmt"
	"testing"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/classify"
)

// The errors of net/http's HTTP/2 have no types but texts, which these are.
func TestHeadFailureHTTP2(t *testing.T) {
	t.Parallel()
	cases := []struct {
		text string
		want error
	}{
		{"http2: server sent GOAWAY and closed the connection; LastStreamID=1, ErrCode=NO_ERROR, debug=\"invalid\"", errors.ErrServerDisconnected},
		{"http2: Transport received GOAWAY from server ErrCode:ENHANCE_YOUR_CALM", errors.ErrServerDisconnected},
		{"http2: Transport received Server's graceful shutdown GOAWAY", errors.ErrServerDisconnected},
		{"http2: client connection lost", errors.ErrServerDisconnected},
		{"http2: client conn not usable", errors.ErrServerDisconnected},
		{"stream error: stream ID 1; INTERNAL_ERROR; received from peer", errors.ErrServerDisconnected},
		{"stream error: stream ID 1; PROTOCOL_ERROR; http2: response header list larger than advertised limit", errors.ErrBadHTTPMessage},
		{"connection error: PROTOCOL_ERROR", errors.ErrBadHTTPMessage},
		{"http2: request body larger than specified content length", errors.ErrInvalidRequest},
		{"http2: something else", errors.ErrClientOS},
	}
	for _, tt := range cases {
		cause := errors.New(tt.text)
		err := classify.HeadFailure(fmt.Errorf("%w", cause), classify.Exchange{Host: "host:443"})
		if !errors.Is(err, tt.want) || !errors.Is(err, cause) {
			t.Errorf("%s: got %#v, want %v", tt.text, err, tt.want)
		}
	}
}
