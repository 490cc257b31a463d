package connector_test

import (
	"net"
	"net/netip"
	"slices"
	"sync"
	"testing"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/wiretest"
)

// nameServer answers over UDP until the test ends.
type nameServer struct {
	addr  netip.AddrPort
	code  dnsmessage.RCode
	mu    sync.Mutex
	names []string
}

// newNameServer knows that every name is 127.0.0.1, if code says success.
func newNameServer(t *testing.T, code dnsmessage.RCode) *nameServer {
	t.Helper()
	pc, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.MustParseAddrPort("127.0.0.1:0")))
	if err != nil {
		t.Fatal(err)
	}
	s := &nameServer{addr: pc.LocalAddr().(*net.UDPAddr).AddrPort(), code: code}
	var wg sync.WaitGroup
	t.Cleanup(func() { pc.Close(); wg.Wait() })
	wg.Go(func() {
		buf := make([]byte, 1500)
		for {
			n, from, err := pc.ReadFromUDPAddrPort(buf)
			if err != nil {
				return
			}
			if reply, ok := s.answer(buf[:n]); ok {
				pc.WriteToUDPAddrPort(reply, from)
			}
		}
	})
	return s
}

func (s *nameServer) answer(question []byte) ([]byte, bool) {
	var m dnsmessage.Message
	if m.Unpack(question) != nil || len(m.Questions) != 1 {
		return nil, false
	}
	q := m.Questions[0]
	s.mu.Lock()
	s.names = append(s.names, q.Name.String())
	s.mu.Unlock()
	m.Response, m.RecursionAvailable, m.RCode, m.Additionals = true, true, s.code, nil
	if s.code == dnsmessage.RCodeSuccess && q.Type == dnsmessage.TypeA {
		m.Answers = []dnsmessage.Resource{{
			Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class, TTL: 60},
			Body:   &dnsmessage.AResource{A: [4]byte{127, 0, 0, 1}},
		}}
	}
	reply, err := m.Pack()
	return reply, err == nil
}

func (s *nameServer) asked(name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Contains(s.names, name)
}

// TestNameservers asks the given servers, in their order, until one answers.
func TestNameservers(t *testing.T) {
	t.Parallel()
	srv := wiretest.New(t, fine)
	good := newNameServer(t, dnsmessage.RCodeSuccess)
	other := newNameServer(t, dnsmessage.RCodeSuccess)
	ill := newNameServer(t, dnsmessage.RCodeServerFailure)
	none := newNameServer(t, dnsmessage.RCodeNameError)
	closed, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.MustParseAddrPort("127.0.0.1:0")))
	if err != nil {
		t.Fatal(err)
	}
	deadAddr := closed.LocalAddr().(*net.UDPAddr).AddrPort()
	closed.Close()
	for name, test := range map[string]struct {
		servers []netip.AddrPort
		ok      bool
	}{
		"first":     {[]netip.AddrPort{good.addr, other.addr}, true},
		"ill":       {[]netip.AddrPort{ill.addr, good.addr}, true},
		"dead":      {[]netip.AddrPort{deadAddr, ill.addr, good.addr}, true},
		"not-there": {[]netip.AddrPort{none.addr, good.addr}, false},
		"all-ill":   {[]netip.AddrPort{ill.addr}, false},
		"nobody":    {nil, false},
	} {
		host := name + ".test"
		c := newConnector(t, connector.Config{Resolver: connector.Nameservers(test.servers...)})
		url := "http://" + host + ".:" + portOf(t, srv.Addr())
		if test.ok {
			get(t, c, url)
		} else if err := fails(t, c, url); !errors.Is(err, errors.ErrClientConnectorDNS) {
			t.Errorf("%s: got %v", name, err)
		}
		if good.asked(host+".") != test.ok {
			t.Errorf("%s: the good one was asked: %v", name, !test.ok)
		}
	}
	if other.asked("first.test.") {
		t.Error("the second server was asked after the first had answered")
	}
}
