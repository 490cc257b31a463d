package connector_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// rows says which test shows each behaviour that is promised of aiohttp's
// connectors, resolvers and proxies. Names with a slash are of other packages.
var rows = map[string]string{
	// Every connector.
	"keepalive_timeout":              "TestKeepAliveRules TestMaxConnAge TestExclusive",
	"force_close":                    "TestKeepAliveRules TestRequestUnchanged TestExclusive",
	"limit":                          "TestLimitsOnTheWireInFull TestUnlimited",
	"limit_per_host":                 "TestLimitsOnTheWireInFull TestTrapDoubleBlocking",
	"conn_timeout":                   "TestDNSTimeout TestSockConnect TestNextAddressKeepsTime",
	"closed, limit, force_close":     "TestClose TestUnlimited",
	"allowed schemes":                "TestTrapBodyNotClosed",
	"close":                          "TestClose TestCloseEverywhere TestCloseWhileReading",
	"connect: reuse, order, waiting": "TestPoolWait TestLimitsOnTheWireInFull TestTrapStaleKeepAlive",
	"own connections":                "TestTiming",
	"unclosed response":              "TestOnLeak TestOnLeakSession",

	// TCP and DNS.
	"verified by default":          "TestTLS",
	"use_dns_cache, cached_hosts":  "TestDNSCache TestDNSCacheConfig",
	"clear_dns_cache":              "TestClearDNSCache",
	"ttl and size of the cache":    "TestDNSCacheConfig",
	"family":                       "TestDNSFamily TestDNSFailure",
	"local_addr":                   "TestLocalAddr",
	"resolver":                     "TestDNSCache TestDNSFailure",
	"happy_eyeballs_delay":         "TestHappyEyeballs",
	"interleave":                   "TestInterleave",
	"address fallback":             "TestHappyEyeballs TestTLSNextAddress TestNextAddressKeepsTime",
	"socket_factory":               "TestControl",
	"numeric IPv4 aliases":         "TestHostForms",
	"trailing dots":                "TestHostForms TestDNSCacheConfig session/TestHostHeader",
	"TLS errors":                   "TestTLS TestTLSNextAddress TestUnixTLS",
	"addresses that may be used":   "TestAllowAddr TestRefusePrivate",
	"AsyncResolver(nameservers)":   "TestNameservers",
	"round robin":                  "TestDNSRoundRobin",
	"failures are not cached":      "TestDNSFailure",
	"throttle":                     "TestDNSCoalesced",
	"stale addresses":              "TestDNSStale",
	"IP literal":                   "TestDNSCacheConfig TestHostForms",
	"many hosts":                   "TestManyHostsInFull",
	"options exclude each other":   "TestExclusive TestUnixBadConfig",
	"failure of several addresses": "TestInterleave TestProxyAddressesFail",

	// TLS.
	"ssl precedence":               "TestPolicyReplaces TestOwnConfig session/TestTLSOptions",
	"Fingerprint":                  "TestPin TestPinLengths TestPinResumed TestPinNextAddress TestParsePin",
	"verify_ssl, ssl_context":      "TestOwnConfig TestBadWireConfig TestClientCertificate",
	"server_hostname":              "TestServerName",
	"policies never share":         "TestPoliciesApartInFull TestProxiesApart TestResumption TestResumptionOwnCache",
	"certificate and other errors": "TestCertificates TestNotTLS",

	// Proxies, the environment, netrc.
	"ProxyConnector":              "TestNewProxy",
	"http target":                 "TestProxyForward",
	"https and wss targets":       "TestProxyTunnel TestProxyUpgrade TestHTTP2ThroughProxies",
	"no leak to the proxy":        "session/TestProxyOptions TestProxyAuth",
	"https proxy":                 "TestProxyCertificate TestProxyNotTLS TestHTTP2ThroughProxies",
	"other schemes":               "TestProxySOCKSNames TestProxySOCKSRefusal TestBadWishes",
	"proxy credentials":           "TestProxyAuth TestProxyAuthRefused TestTrustEnvProxyAuthorization",
	"ClientHttpProxyError":        "TestProxyRefusal",
	"ClientProxyConnectionError":  "TestProxyNotThere TestProxyBroken TestProxyTimeouts",
	"trust_env":                   "TestTrustEnv TestTrustEnvBad session/TestTrustEnvHops",
	"netrc":                       "TestNetrc",
	"no proxy for local sockets":  "TestProxyUnix",
	"a request without its proxy": "TestProxyNone",

	// HTTP/2, which aiohttp has not.
	"HTTP/2 is negotiated":     "TestH2Negotiation TestH2AndHTTP1SideBySide",
	"streams take slots":       "TestH2Burst TestH2StreamsTakeSlots TestH2FairToOtherHosts TestH2Limits",
	"one dial for a key":       "TestH2BurstToHTTP1 TestH2FirstDial",
	"timeouts of streams":      "TestH2StreamTimeouts TestH2SlowReader TestH2WaitForStream",
	"cancel and close streams": "TestH2Cancel TestH2CloseEarly TestH2CloseDuringRead",
	"GOAWAY, REFUSED_STREAM":   "TestH2Failures TestH2RefusesAll TestH2SettingsLowered",
	"pings":                    "TestH2Ping",

	// An http.Transport, which aiohttp has not.
	"NewTransport": "TestTransportRefused TestTransportFields TestTransportKeepAlive TestTransportAddresses TestTransportSockConnect TestTransportLimitPerHost TestTransportProtocols TestTransportPin TestTransportProxy TestTransportTrustEnv",

	// Local sockets and the connection itself.
	"UnixConnector":       "TestUnix TestUnixTLS TestUnixFailures TestUnixTrustEnv",
	"NamedPipeConnector":  "TestNamedPipe",
	"Connection":          "TestConnInfo TestConnInfoHTTP2 session/TestResponseConnection",
	"detach":              "TestUpgrade",
	"raw_headers":         "TestRawHeaders session/TestResponseConnection",
	"max_line_size":       "TestHeadLimits session/TestLimitOptions",
	"max_field_size":      "TestHeadLimits TestTrailerLimits session/TestLimitOptions",
	"max_headers":         "TestHeadLimits TestTrailerLimits session/TestLimitOptions",
	"strict heads":        "TestStrictHead TestInterimBound TestHugeHead",
	"expect100":           "TestExpectContinue TestExpectRefused TestExpectStall TestExpectSlowUpload session/TestFraming",
	"chunked":             "session/TestFraming",
	"read_until_eof":      "TestReadUntilEOF",
	"version":             "TestHTTP10 TestHTTP10Split TestHTTP10UnknownLength session/TestFraming",
	"trailers":            "TestTrapTrailers TestTrailersSent TestTrailerLimits",
	"early hints":         "TestEarlyHints",
	"Content-Length of 0": "session/TestFraming",
	"skip_auto_headers":   "session/TestFraming",

	// Proxies. Policies of TLS, tunnels, SOCKS, the environment and netrc have
	// tables of their own.
	"proxy that is not there": "TestProxyAddressesFail TestRefusePrivate",
}

// TestRows: the tests that the table names exist.
func TestRows(t *testing.T) {
	t.Parallel()
	have := map[string]bool{}
	for prefix, pattern := range map[string]string{"": "*_test.go", "session/": "../session/*_test.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatal(pattern, err)
		}
		for _, name := range files {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range regexp.MustCompile(`(?m)^func (Test\w+)\(`).FindAllStringSubmatch(string(text), -1) {
				have[prefix+m[1]] = true
			}
		}
	}
	for row, tests := range rows {
		for name := range strings.FieldsSeq(tests) {
			if !have[name] {
				t.Errorf("%s: there is no %s", row, name)
			}
		}
	}
}
