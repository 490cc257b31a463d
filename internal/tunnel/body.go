package tunnel

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"strconv"
	"strings"
	"time"
)

const (
	// maxBody is what is kept of a refusal's body, in bytes.
	maxBody = 4 << 10
	// bodyPatience is how long a refusal's body is waited for: a proxy that
	// neither says how long it is nor hangs up must not keep the refusal back.
	bodyPatience = time.Second
)

// readBody returns the start of a refusal's body. That it breaks off, or is
// framed wrongly, is of no interest beside the refusal. The connection is of no
// use afterwards.
func readBody(nc net.Conn, br *bufio.Reader, status int, header http.Header) []byte {
	if status < 200 || status == http.StatusNotModified {
		return nil
	}
	timer := time.AfterFunc(bodyPatience, func() { interruptIO(nc) })
	defer timer.Stop()
	var src io.Reader = br
	if lengths := header["Content-Length"]; header.Get("Transfer-Encoding") != "" {
		if strings.EqualFold(header.Get("Transfer-Encoding"), "chunked") {
			src = httputil.NewChunkedReader(br)
		}
	} else if len(lengths) > 0 {
		n, err := strconv.ParseInt(lengths[0], 10, 64)
		if err != nil || n < 0 {
			return nil
		}
		src = io.LimitReader(br, n)
	}
	body, err := io.ReadAll(io.LimitReader(src, maxBody))
	if err != nil && len(body) == 0 {
		return nil
	}
	return body
}
