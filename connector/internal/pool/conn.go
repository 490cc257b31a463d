package pool

// The states of a connection, and what becomes of the slots of its requests:
//
//	            Adopt                Release
//	    new -----------> held ---------------------> idle
//	     |                | <--------------------------|
//	     |                |   TryAcquire, Acquire,     |
//	     |                |   Another                  |
//	     +--------------> gone <-----------------------+
//
//	            | new             | held                     | idle       | gone
//	------------+-----------------+--------------------------+------------+--------
//	slots       | 1, its dial's   | 1; each stream 1         | 0          | 0
//	Adopt       | held            | -                        | -          | error
//	Forfeit     | frees the slot  | -                        | -          | frees it
//	lend        | -               | a stream: 1 slot more    | held, 1    | -
//	Release     | -               | frees 1; the last: idle, | -          | nothing
//	            |                 | or gone                  |            |
//	Another     | -               | the slot stays with the  | -          | refuses
//	            |                 | request; the last: gone  |            |
//	Requeue     | -               | as Release, and its      | -          | queues
//	            |                 | request queues           |            |
//	Retire      | stays, marked   | no more streams          | gone       | nothing
//	Forget      | gone            | gone, frees all          | gone       | nothing
//	sweepIdle   | -               | -                        | gone if    | -
//	            |                 |                          | dead, old  |
//	Shutdown    | stays           | the last Release: gone   | gone       | -
//	Close       | Adopt: error    | gone, frees all          | gone       | nothing
//
// Gone is what others call dead: closed, or about to be. A request that holds a
// connection which is gone finds out by using it; its slot may be another's by then.
// That a connection is gone is decided under the lock, and it is closed afterwards.

// Conn is a connection as the pool sees it.
type Conn interface {
	// Notes returns the pool's own notes about the connection: a field of it,
	// whose zero value is ready.
	Notes() *Notes
	// Close closes it. It may call [Pool.Forget], may be called more than once,
	// and at the same time as anything else, CheckIdle included.
	Close()
	// CheckIdle returns an error if the idle connection is dead: its peer has
	// closed it, or has said something unasked. It must not block: requests
	// that could have had the connection wait for the answer.
	CheckIdle() error
}

type state uint8

const (
	stateNew  state = iota // not adopted
	stateHeld              // one request, or more, are under way on it
	stateIdle
	stateGone // closed, or about to be
)

// Notes is what the pool knows of a connection. It belongs to the pool, under its
// lock.
type Notes struct {
	conn  Conn
	host  *Host
	links [lists]link

	created    instant // when it was adopted
	idleSince  instant
	awaitUntil instant

	active, max int // requests under way, and how many it takes; HTTP/1: 1

	state       state
	multiplexed bool
	settled     bool // max is known, or no longer waited for
	full        bool // for now the engine has no stream, whatever max says
	awaited     bool // dials of the host wait for its streams
	retired     bool // it takes no request any more
	aged        bool // the sweep has found it too old
	checking    bool // CheckIdle is under way
	lendable    bool // idle, and counted in the host's ready
	sharing     bool // held, and in the host's list of those with free streams
}

// Host is the host that the connection was adopted for.
func (n *Notes) Host() *Host { return n.host }

// Streams returns how many requests the connection takes, as far as is known, and whether it
// takes none any more. It is for tests of a connection that nobody else has.
func (n *Notes) Streams() (most int, retired bool) { return n.max, n.retired }

// hasRoom reports whether one more request may have it.
func (n *Notes) hasRoom() bool { return n.active < n.max && !n.full && !n.retired && !n.checking }
