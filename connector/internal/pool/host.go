package pool

// Host is what the pool knows of one key. It exists while it has a slot in use,
// an idle connection or a waiting request.
type Host struct {
	home interface{ forgetHost() } // its place in the pool's map

	inUse    int // slots
	counts   counts
	row      int // of the HostStats that are being made
	waiters  waiters
	pos      int  // in the queue, or -1
	idle     list // longest idle first
	sharing  list // in use, with free streams; the last is filled first
	ready    int  // of the idle ones, those that may be lent
	checking int  // of the idle ones, those that are being checked

	// What is known of its HTTP/2; see multiplex.go.
	mayMultiplex bool // it may speak it, as far as is known
	dialsAtWill  bool // a first dial has failed: no more waiting for others
	dials        int  // under way
	awaited      int  // connections whose streams are waited for
	multiplexed  int  // connections that are, and take requests
}

// canServe reports whether a request could be given something, had it a slot.
// [core.lendConnLocked] then gives it, unless all that there is has expired.
func (h *Host) canServe(fresh bool) bool {
	if h.sharing.len > 0 || h.ready > 0 {
		return true
	}
	// What is being checked will be lent in a moment, or is dead.
	return !h.dialsWait() && (fresh || h.checking == 0)
}

// refileConn puts n where requests find it, after any change of what it takes. An
// idle n must be put into h.idle afterwards, and taken out before.
func (h *Host) refileConn(n *Notes) {
	room := n.hasRoom()
	if lendable := room && n.state == stateIdle; lendable != n.lendable {
		n.lendable = lendable
		if lendable {
			h.ready++
		} else {
			h.ready--
		}
	}
	if sharing := room && n.state == stateHeld; sharing != n.sharing {
		n.sharing = sharing
		if sharing {
			h.sharing.pushTail(n)
		} else {
			h.sharing.remove(n)
		}
	}
}
