package simulate

import (
	"slices"
	"time"
)

// Plan is what one seed makes: a client, and what happens to it.
type Plan struct {
	Seed   uint64
	Client Client
	Ops    []Op
}

// Client is the configuration that all operations share.
type Client struct {
	Limit, PerHost int // of the connector
	Slots          int // of the middleware Concurrency, per host
	KeepAlive      time.Duration
	MaxConnAge     time.Duration
	ForceClose     bool
	Chain          []string // the middlewares, the outermost first
	CacheDir       bool     // or in memory
	Buffer         int      // of each direction of a connection
	SockRead       time.Duration
	ServerStreams  int           // of the server's HTTP/2
	Skew           time.Duration // of the servers' clocks
}

func (c *Client) has(middleware string) bool {
	return slices.Contains(c.Chain, middleware)
}

// Kind is what an operation does.
type Kind string

// The kinds. The second half happens to the client, and not by it.
const (
	Request  Kind = "request"  // one request, and its body
	Save     Kind = "save"     // a file, in as many calls as it needs
	Events   Kind = "events"   // an event source
	Socket   Kind = "socket"   // a WebSocket
	Shutdown Kind = "shutdown" // the session ends

	CloseIdle Kind = "closeidle" // idle connections are closed
	Damage    Kind = "damage"    // a file of the cache is changed
	Wire      Kind = "wire"      // a connection is lost at some byte
	Dial      Kind = "dial"      // connections cannot be made for a while
	Growth    Kind = "growth"    // very many hosts, each of them once
)

// Host is one of the servers.
type Host string

// The servers. Each has what it is for in its name.
const (
	Plain Host = "http.sim"  // HTTP/1.1
	TLS1  Host = "tls.sim"   // HTTP/1.1 over TLS
	TLS2  Host = "h2.sim"    // HTTP/2 over TLS
	Evil  Host = "evil.sim"  // TLS with a certificate of nobody's
	Proxy Host = "proxy.sim" // answers for everybody, and leads to them
	Other Host = "other.sim" // another such proxy
)

var allHosts = []Host{Plain, TLS1, TLS2, Evil, Proxy, Other}

func (h Host) secure() bool { return h != Plain && !h.isProxy() }

func (h Host) isProxy() bool { return h == Proxy || h == Other }

func (h Host) addr() string {
	switch h {
	case Proxy, Other:
		return string(h) + ":3128"
	case Plain:
		return string(h) + ":80"
	default:
		return string(h) + ":443"
	}
}

func (h Host) url() string {
	if h.secure() {
		return "https://" + string(h)
	}
	return "http://" + string(h)
}

// Op is one operation.
type Op struct {
	ID   int
	At   time.Duration
	Kind Kind
	Host Host
	Row  string // what it looks for; empty: nothing in particular

	Method  string
	Shared  int    // the number of a resource that others ask for too; 0: its own
	Through Host   // the proxy; empty: none
	Login   string // shown to the proxy
	User    string
	Show    string // how the user is shown: auth, cookie, cert
	Lower   bool   // names of fields are not in canonical form
	Bare    bool   // through the middlewares and the connector alone
	Trust   string // of a TLS server: "" is verified, insecure, pin, wrongpin
	Key     bool   // an Idempotency-Key
	Body    int    // bytes that are sent
	Once    bool   // the body cannot be sent again
	Total   time.Duration
	Cancel  time.Duration // after the start; 0 is never
	Take    int           // bytes of the body that are read before it is closed; -1 is all
	Pause   time.Duration // between two reads

	Answers []Answer // one for each time that the server is asked; then good ones
	Fault   Fault    // of Wire, Dial and Damage
	Nth     int      // the connection of the host, for Wire
	Offset  int      // in bytes for Wire and heads; in thousandths for Damage
	For     time.Duration
	Count   int // of messages, events
}

// way is how the operation comes to its server, as that names it.
func (op *Op) way() string {
	switch {
	case op.Through == "":
		return direct
	case op.Login != "":
		return op.Login + "@" + string(op.Through)
	}
	return string(op.Through)
}

// direct is the way without a proxy.
const direct = "direct"

// Answer is what the server does when it is asked.
type Answer struct {
	Status  int
	Size    int    // of the body, beside its first line
	Framing string // length, chunked, close
	Interim int    // responses before it
	Early   bool   // it does not wait for the request's body
	Slow    time.Duration
	Fault   Fault
	At      int // thousandths of the response
	Stall   time.Duration
	// Redirect is where a 3xx leads: to the same path of another host, or this one.
	Redirect Host

	Lie bool // it is the answer to another request: what no client can mend

	// Of files:
	Version int
	Quirk   string // what is odd about a range; empty is nothing
}

// Fault is what goes wrong.
type Fault string

// The faults. Cut, Reset and Stall happen at any byte.
const (
	None    Fault = ""
	Cut     Fault = "cut"     // the end of the stream
	Reset   Fault = "reset"   // the connection is lost
	Stall   Fault = "stall"   // silence, then the rest
	Garbage Fault = "garbage" // no HTTP at all
	Extra   Fault = "extra"   // bytes behind the response
	Close   Fault = "close"   // unannounced, after the response
	Flip    Fault = "flip"    // a bit of TLS
	Refuse  Fault = "refuse"  // a dial
	NoName  Fault = "noname"  // a look-up
	Hole    Fault = "hole"    // a dial without an answer
	Late    Fault = "late"    // a slow dial

	// What happens to files of a cache, beside Flip and Cut: these leave the bodies as
	// they are, and heads that can be read.
	Edit  Fault = "edit"  // a letter or a digit is another one
	Swap  Fault = "swap"  // a file gets the head of another one, or all of it
	Older Fault = "older" // a file gets a head that it had before
)
