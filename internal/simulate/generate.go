package simulate

import (
	"math/rand/v2"
	"slices"
	"time"
)

// Generate makes the plan of a seed: always the same one.
func Generate(seed uint64) *Plan {
	g := &generator{rand.New(rand.NewPCG(seed, 0x51)), &Plan{Seed: seed}, []int{1, 2}}
	theme := themes[g.IntN(len(themes))]
	g.client()
	if theme.shape != nil {
		theme.shape(g)
	}
	n := 2 + g.IntN(theme.most)
	for i := range n {
		op := g.op(theme)
		op.ID = i + 1
		g.plan.Ops = append(g.plan.Ops, op)
	}
	if theme.calm {
		g.calm()
	}
	if seed%growthEvery == 1 {
		g.plan.Ops = append(g.plan.Ops, Op{ID: n + 1, Kind: Growth, Row: "growth"})
	}
	return g.plan
}

// theme is what a plan has most of. A plan that has a little of everything hits
// little of it hard.
type theme struct {
	most   int          // operations
	weight map[Kind]int // of kinds
	shared int          // percent of requests for what others ask for
	hosts  []Host
	calm   bool             // no connection dies while it is idle
	sharp  bool             // most operations are of a row: see request and save
	heads  bool             // heads are damaged between requests, and nothing else
	ways   bool             // requests differ in their way alone
	shape  func(*generator) // of the client; nil: leave it
}

// calm takes the faults away that leave a dead connection behind.
func (g *generator) calm() {
	for _, op := range g.plan.Ops {
		for i, a := range op.Answers {
			if a.Fault != Stall {
				op.Answers[i].Fault = None
			}
		}
	}
}

var everywhere = []Host{Plain, Plain, TLS1, TLS2, TLS2}

var themes = []theme{
	{most: 22, shared: 30, hosts: everywhere, weight: map[Kind]int{
		Request: 62, Save: 8, Events: 5, Socket: 5, CloseIdle: 2, Wire: 5, Dial: 5, Damage: 4, Shutdown: 4,
	}},
	{most: 30, shared: 10, hosts: everywhere, weight: map[Kind]int{Request: 85, Wire: 6, Dial: 6, CloseIdle: 3}},
	// A queue: one server, and no middleware that changes who comes when.
	{most: 40, shared: 0, hosts: []Host{Plain}, weight: map[Kind]int{Request: 96, CloseIdle: 4}, shape: func(g *generator) {
		g.plan.Client.Chain, g.plan.Client.Limit = nil, pick(g, 1, 1, 2, 8)
		g.plan.Client.PerHost = pick(g, 1, 1, 2)
	}},
	{most: 40, shared: 0, calm: true, hosts: []Host{Plain}, weight: map[Kind]int{Request: 96, CloseIdle: 4}, shape: func(g *generator) {
		g.plan.Client.Chain, g.plan.Client.Limit = nil, pick(g, 1, 1, 2, 8)
		g.plan.Client.PerHost = pick(g, 1, 1, 2)
	}},
	// Users who ask for the same, from a cache that somebody damages.
	{most: 25, shared: 90, hosts: everywhere, weight: map[Kind]int{Request: 85, Damage: 12, Shutdown: 1, Wire: 2}, shape: func(g *generator) {
		c := &g.plan.Client
		c.Chain = pick(g, []string{"cache"}, []string{"cache", "dedupe"}, []string{"dedupe"}, []string{"retry", "cache"}, []string{"dedupe", "cache", "hedge"})
		c.CacheDir = g.chance(70)
	}},
	// The same, one after the other, and only heads are damaged.
	{most: 25, shared: 100, heads: true, hosts: []Host{Plain}, weight: map[Kind]int{Request: 70, Damage: 30}, shape: func(g *generator) {
		g.plan.Client.Chain, g.plan.Client.CacheDir = []string{"cache"}, true
		g.shares = pick(g, []int{1}, []int{3}, []int{4}, []int{3, 4})
	}},
	// Users who ask for one thing, and are told apart by one thing each.
	{most: 30, shared: 100, sharp: true, hosts: []Host{Plain, TLS1}, weight: map[Kind]int{Request: 100}, shape: func(g *generator) {
		c := &g.plan.Client
		c.Chain = pick(g, []string{"cache"}, []string{"cache"}, []string{"cache", "dedupe"}, []string{"dedupe"})
		c.Limit, c.PerHost = 100, 0
	}},
	// The same, by the way that they come alone.
	{most: 14, shared: 100, sharp: true, ways: true, hosts: []Host{Plain, Plain, TLS1}, weight: map[Kind]int{Request: 100}, shape: func(g *generator) {
		c := &g.plan.Client
		c.Chain = pick(g, []string{"cache"}, []string{"cache"}, []string{"cache", "dedupe"}, []string{"dedupe"}, nil)
		c.Limit, c.PerHost = 100, 0
	}},
	// Answers with bytes behind them, on few connections.
	{most: 30, sharp: true, hosts: []Host{Plain, Plain, TLS1}, weight: map[Kind]int{Request: 100}, shape: func(g *generator) {
		c := &g.plan.Client
		c.Chain, c.Limit, c.KeepAlive, c.ForceClose = nil, pick(g, 1, 2), 0, false
	}},
	{most: 8, shared: 10, hosts: everywhere, weight: map[Kind]int{Save: 80, Request: 20}},
	{most: 8, sharp: true, hosts: everywhere, weight: map[Kind]int{Save: 100}},
	{most: 12, shared: 10, hosts: everywhere, weight: map[Kind]int{Events: 40, Socket: 40, Request: 10, Wire: 8, Shutdown: 2}},
}

type generator struct {
	*rand.Rand
	plan   *Plan
	shares []int // the resources that several ask for
}

func (g *generator) chance(percent int) bool { return g.IntN(100) < percent }

// upTo is a time in milliseconds, and odd, so that no two things happen together
// that are not meant to.
func (g *generator) upTo(d time.Duration) time.Duration {
	return time.Duration(g.Int64N(int64(d/time.Millisecond)+1))*time.Millisecond + time.Duration(g.IntN(1000))*time.Microsecond
}

func pick[T any](g *generator, from ...T) T { return from[g.IntN(len(from))] }

// size is the length of a body: mostly small, sometimes at the border of a buffer.
func (g *generator) size() int {
	switch g.IntN(8) {
	case 0:
		return 0
	case 1:
		return pick(g, 4096, 32<<10, 64<<10) - 100 + g.IntN(200)
	case 2:
		return g.IntN(200 << 10)
	}
	return g.IntN(3000)
}

func (g *generator) client() {
	c := &g.plan.Client
	c.Limit = pick(g, 1, 2, 4, 8, 100)
	c.PerHost = pick(g, 0, 0, 1, 2, 3)
	c.Slots = pick(g, 1, 2, 5)
	c.KeepAlive = pick(g, 0, 0, time.Second, 20*time.Millisecond)
	c.MaxConnAge = pick(g, 0, 0, 500*time.Millisecond)
	c.ForceClose = g.chance(10)
	if c.ForceClose {
		c.KeepAlive = 0
	}
	c.Buffer = pick(g, 0, 0, 700, 4096)
	c.SockRead = pick(g, 0, 0, 3*time.Second)
	c.ServerStreams = pick(g, 0, 1, 3)
	c.CacheDir = g.chance(50)
	c.Skew = pick(g, 0, 0, g.upTo(2*time.Hour), -g.upTo(2*time.Hour))
	if g.chance(25) {
		return
	}
	for _, name := range []string{"cache", "dedupe", "concurrency", "retry", "hedge", "ratelimit", "breaker"} {
		if g.chance(35) {
			c.Chain = append(c.Chain, name)
		}
	}
	if g.chance(30) {
		g.Shuffle(len(c.Chain), func(i, j int) { c.Chain[i], c.Chain[j] = c.Chain[j], c.Chain[i] })
	}
}

// kinds are all that a theme may have, in an order.
var kinds = []Kind{Request, Save, Events, Socket, CloseIdle, Wire, Dial, Damage, Shutdown}

// op is any operation of the theme's.
func (g *generator) op(th theme) Op {
	op := Op{At: g.upTo(3 * time.Second), Total: 40 * time.Second, Take: -1, User: pick(g, "", "alice", "bob")}
	op.Host = th.hosts[g.IntN(len(th.hosts))]
	n := g.IntN(100)
	for _, kind := range kinds {
		if n -= th.weight[kind]; n < 0 {
			op.Kind = kind
			break
		}
	}
	switch op.Kind {
	case Request:
		g.request(&op, th)
	case Save:
		g.save(&op, th)
	case Events:
		g.events(&op)
	case Socket:
		g.socket(&op)
	case Wire:
		g.wire(&op)
	case Dial:
		op.For, op.Fault = g.upTo(time.Second), pick(g, Refuse, NoName, Hole, Late)
	case Damage:
		g.damage(&op, th)
	default:
	}
	return op
}

func (g *generator) request(op *Op, th theme) {
	op.Method = pick(g, "GET", "GET", "GET", "GET", "HEAD", "POST", "POST", "PUT", "DELETE")
	if th.ways {
		op.User = ""
	}
	if g.chance(th.shared) {
		op.Method, op.Shared = "GET", pick(g, g.shares...)
		if !th.heads {
			op.At /= time.Duration(pick(g, 2, 8, 100)) // together with others
		}
	}
	op.Show = "auth"
	if op.Shared > 0 {
		op.Show = pick(g, "auth", "cookie")
		if !th.heads {
			g.isolation(op, th)
		}
	}
	op.Lower = op.User != "" && op.Show != "cert" && (g.chance(30) || th.sharp && g.chance(50))
	op.Bare = op.Lower && op.Through == "" && op.Host != Evil && g.chance(50)
	if op.Method == "POST" || op.Method == "PUT" {
		op.Body, op.Once = g.size(), g.chance(30)
		op.Key = op.Method == "POST" && g.chance(20)
	}
	if g.chance(15) {
		op.Cancel = g.upTo(time.Second) + 1
	}
	if g.chance(10) {
		op.Total = g.upTo(2*time.Second) + 100*time.Millisecond
	}
	if g.chance(10) {
		op.Take = g.IntN(3000)
	}
	if g.chance(15) {
		op.Pause = g.upTo(20 * time.Millisecond)
	}
	if op.Shared == 0 {
		for range g.IntN(4) {
			a := g.answer()
			if th.sharp && g.chance(50) { // and more than a buffer takes
				a = Answer{Status: 200, Framing: "length", Size: g.IntN(40_000), Fault: Extra}
			}
			op.Answers = append(op.Answers, a)
		}
	}
}

// isolation sets apart those who ask for one resource: by certificates, by what is
// held against the server, by the way.
func (g *generator) isolation(op *Op, th theme) {
	ways := 6
	if th.sharp {
		op.Shared, ways = 1, 4
		op.At = op.At.Truncate(250 * time.Millisecond) // many at once
	}
	if th.ways {
		g.way(op)
		return
	}
	switch g.IntN(ways) {
	case 0:
		if op.Host.secure() && op.User != "" {
			op.Show, op.Row = "cert", "isolation"
		}
	case 1:
		if op.Host == Plain || op.Host == TLS1 {
			op.Through, op.Row = pick(g, Proxy, Proxy, Other), "isolation"
		}
	case 2:
		op.Host, op.Row = Evil, "isolation"
		op.Trust = pick(g, "", "insecure", "insecure", "wrongpin", "pin")
	}
}

// way sends a request directly, or through a proxy, to which somebody may be shown.
func (g *generator) way(op *Op) {
	op.Row, op.Through = "isolation", pick(g, "", Proxy, Other)
	if op.Through != "" {
		op.Login = pick(g, "", "alice", "bob")
	}
}

func (g *generator) answer() Answer {
	a := Answer{Status: pick(g, 200, 200, 200, 200, 404, 500, 503, 429, 204), Size: g.size()}
	a.Framing = pick(g, "length", "length", "chunked", "close")
	if g.chance(15) {
		a.Interim = 1 + g.IntN(3)
	}
	a.Early = g.chance(10)
	if g.chance(8) {
		a.Status, a.Redirect = pick(g, 302, 303, 307, 308), pick(g, Plain, TLS1, TLS2)
	}
	if g.chance(30) {
		a.Slow = g.upTo(500 * time.Millisecond)
	}
	if g.chance(45) {
		a.Fault = pick(g, Cut, Reset, Stall, Garbage, Extra, Extra, Close)
		a.At = g.IntN(1001)
		a.Stall = pick(g, 0, g.upTo(10*time.Second)) // 0 is for ever
		if a.Framing == "close" && (a.Fault == Cut || a.Fault == Extra) {
			a.Fault = Reset // nobody can tell such an end from that of the body
		}
	}
	return a
}

// quirks are what is odd about ranges. Those of the first half are about where one ends.
var quirks = []string{"more", "beyond", "less", "less-star", "ignores-if-range", "star", "short", "416"}

// save makes a file that is fetched in several calls, each of which may be ended,
// while the file changes on the server.
func (g *generator) save(op *Op, th theme) {
	breaks, odd := 60, 35
	if th.sharp {
		breaks, odd = 80, 70
	}
	op.Method, op.Show = "GET", "auth"
	op.Host = pick(g, Plain, Plain, TLS1)
	version, size := 1, 1+g.size()
	for n := range 1 + g.IntN(5) {
		a := Answer{Status: 200, Size: size, Framing: pick(g, "length", "chunked", "close"), Version: version, At: g.IntN(1001)}
		if g.chance(breaks) {
			a.Fault = pick(g, Cut, Cut, Reset, Stall)
		}
		if g.chance(odd) {
			op.Row = "ranges"
			a.Quirk = pick(g, quirks...)
		}
		switch {
		case th.sharp && n == 0: // something to go on with
			a.Fault, a.At = Cut, 200+g.IntN(700)
		case th.sharp && slices.Contains(quirks[:4], a.Quirk) && g.chance(70): // they need no further fault
			a.Fault = None
		}
		if g.chance(25) {
			version, size = version+1, 1+g.size()
		}
		op.Answers = append(op.Answers, a)
	}
	changeUnderRanges(op.Answers)
	if g.chance(30) {
		op.Cancel = g.upTo(300*time.Millisecond) + 1
	}
}

// changeUnderRanges makes a server that does not know If-Range, or has nothing behind what
// is asked for, have another version, of the same length: of one that has the old version
// nothing can go wrong.
func changeUnderRanges(answers []Answer) {
	for i := 1; i < len(answers); i++ {
		odd := answers[i].Quirk == "ignores-if-range" || answers[i].Quirk == "416"
		if !odd || answers[i].Version != answers[i-1].Version {
			continue
		}
		for j := i; j < len(answers); j++ {
			answers[j].Version++
		}
	}
}

func (g *generator) wire(op *Op) {
	op.At = 0
	op.Host = pick(g, Plain, TLS1, TLS2, TLS2, Proxy)
	op.Fault = pick(g, Reset, Stall) // a Cut may look like the end of a body
	if op.Host.secure() {
		op.Fault = pick(g, Cut, Reset, Stall, Flip)
	}
	op.Nth, op.Offset = g.IntN(4), g.IntN(6000)
	op.For = pick(g, 0, g.upTo(5*time.Second))
}

// damage changes files of the cache, or their heads alone.
func (g *generator) damage(op *Op, th theme) {
	op.Row, op.Offset, op.Nth = "damage", g.IntN(1000), g.IntN(3)
	if op.Fault = pick(g, Flip, Flip, Flip, Cut, Edit, Swap, Older); th.heads {
		op.Fault = pick(g, Edit, Swap, Older)
	} else {
		op.At /= 4
	}
	if op.Fault == Older {
		op.For = g.upTo(1500 * time.Millisecond)
	}
}

func (g *generator) events(op *Op) {
	op.Method, op.Show, op.Count = "GET", "auth", 1+g.IntN(12)
	op.Host = pick(g, Plain, TLS1, TLS2)
	for range g.IntN(4) {
		op.Answers = append(op.Answers, Answer{
			Status: 200, Framing: pick(g, "chunked", "close"), Fault: pick(g, None, Cut, Reset), At: g.IntN(1001),
			Slow: g.upTo(time.Second),
		})
	}
}

func (g *generator) socket(op *Op) {
	op.Method, op.Show, op.Count = "GET", "auth", 1+g.IntN(10)
	op.Host = pick(g, Plain, TLS1)
	op.Body = g.size()
	if g.chance(30) {
		op.Answers = []Answer{{Fault: pick(g, Cut, Reset), At: g.IntN(1001)}}
	}
}

// sorted are the operations by their times.
func (p *Plan) sorted() []Op {
	ops := slices.Clone(p.Ops)
	slices.SortStableFunc(ops, func(a, b Op) int { return int(a.At - b.At) })
	return ops
}
