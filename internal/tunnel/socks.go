package tunnel

import (
	"context"
	"io"
	"net"
	"net/netip"
	"net/url"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/tlsclose"
)

const socksOp = "socks5"

// Numbers of RFC 1928 3 to 6 and RFC 1929 2.
const (
	socksVersion  = 5
	authVersion   = 1
	methodNone    = 0
	methodUser    = 2
	noMethod      = 0xff
	commandDial   = 1
	addressIPv4   = 1
	addressName   = 3
	addressIPv6   = 4
	socksPortSize = 2
)

// SOCKS5 asks the SOCKS proxy at the other end of nc for a connection to target,
// "host:port", and returns nc, which is the tunnel then. It closes nc if it
// fails. A name is sent as it is, for the proxy to resolve (socks5h); who wants
// to resolve it himself gives an address.
//
// The user may be nil, or empty, for none; else it is offered beside going
// without, and the proxy chooses. The name has 1 to 255 bytes, the password at
// most 255. The password goes over nc in clear.
//
// The time is bounded by ctx alone.
func SOCKS5(ctx context.Context, nc net.Conn, target string, user *url.Userinfo) (net.Conn, error) {
	request, err := socksRequest(target)
	if err == nil {
		err = checkUser(user)
	}
	if err != nil {
		tlsclose.Abort(nc)
		return nil, err
	}
	s := socks{nc: nc}
	err = withContext(ctx, nc, socksOp, func() error {
		if err := s.authenticate(user); err != nil {
			return err
		}
		if err := s.send(request); err != nil {
			return err
		}
		return s.readReply()
	})
	if err != nil {
		return nil, err
	}
	return nc, nil
}

// socksRequest is the request of RFC 1928 4.
func socksRequest(target string) ([]byte, error) {
	host, port, err := splitTarget(target)
	if err != nil {
		return nil, err
	}
	b := []byte{socksVersion, commandDial, 0}
	switch addr, err := netip.ParseAddr(host); {
	case err != nil:
		b = append(b, addressName, byte(len(host))) //nolint:gosec // splitTarget has looked at the length
		b = append(b, host...)
	case addr.Unmap().Is4():
		b = append(append(b, addressIPv4), addr.Unmap().AsSlice()...)
	default:
		b = append(append(b, addressIPv6), addr.AsSlice()...)
	}
	return append(b, byte(port>>8), byte(port)), nil //nolint:gosec // the two halves
}

func noUser(user *url.Userinfo) bool {
	password, _ := user.Password()
	return user.Username() == "" && password == ""
}

// checkUser holds the lengths of RFC 1929 2, but for the password's least: an
// empty one is common.
func checkUser(user *url.Userinfo) error {
	password, _ := user.Password()
	if noUser(user) || len(user.Username()) > 0 && len(user.Username()) <= 255 && len(password) <= 255 {
		return nil
	}
	return &errors.InvalidRequestError{
		Field: "proxy user", Reason: "SOCKS needs a name of 1 to 255 bytes and a password of at most 255",
	}
}

// socks is the conversation. It reads exactly what belongs to it.
type socks struct{ nc net.Conn }

func (s socks) send(b []byte) error {
	if _, err := s.nc.Write(b); err != nil {
		return lostError(socksOp, err)
	}
	return nil
}

func (s socks) receive(n int) ([]byte, error) {
	b := make([]byte, n)
	if _, err := io.ReadFull(s.nc, b); err != nil {
		return nil, lostError(socksOp, err)
	}
	return b, nil
}

// readCode reads the two bytes of an answer: its version, which it checks, and its code.
func (s socks) readCode(version byte) (byte, error) {
	b, err := s.receive(2)
	if err != nil {
		return 0, err
	}
	if b[0] != version {
		return 0, badReply("the answer has another version")
	}
	return b[1], nil
}

func badReply(reason string) error { return &Error{Op: socksOp, Err: errors.New(reason)} }

// authenticate agrees on a method (RFC 1928 3) and follows it.
func (s socks) authenticate(user *url.Userinfo) error {
	offer := []byte{socksVersion, 1, methodNone}
	if !noUser(user) {
		offer = []byte{socksVersion, 2, methodNone, methodUser}
	}
	if err := s.send(offer); err != nil {
		return err
	}
	method, err := s.readCode(socksVersion)
	switch {
	case err != nil:
		return err
	case method == methodNone:
		return nil
	case method == noMethod:
		return &SOCKSError{Stage: StageMethod, Code: method}
	case method != methodUser || noUser(user):
		return badReply("the proxy wants a method that was not offered")
	}
	name := user.Username()
	password, _ := user.Password()
	b := append([]byte{authVersion, byte(len(name))}, name...) //nolint:gosec // checkUser has looked at the lengths
	b = append(append(b, byte(len(password))), password...)    //nolint:gosec // as above
	if err := s.send(b); err != nil {
		return err
	}
	status, err := s.readCode(authVersion)
	if err == nil && status != 0 {
		return &SOCKSError{Stage: StageUser, Code: status}
	}
	return err
}

// readReply reads the answer to the request (RFC 1928 6). Of a refusal only the
// code is read: not every proxy sends more.
func (s socks) readReply() error {
	code, err := s.readCode(socksVersion)
	if err != nil {
		return err
	}
	if code != 0 {
		return &SOCKSError{Stage: StageRequest, Code: code}
	}
	b, err := s.receive(2) // a reserved byte and the address's type
	if err != nil {
		return err
	}
	size := 0
	switch b[1] {
	case addressIPv4:
		size = net.IPv4len
	case addressIPv6:
		size = net.IPv6len
	case addressName:
		length, err := s.receive(1)
		if err != nil {
			return err
		}
		size = int(length[0])
	default:
		return badReply("the answer has an unknown type of address")
	}
	_, err = s.receive(size + socksPortSize)
	return err
}
