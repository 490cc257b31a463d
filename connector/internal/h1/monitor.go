//go:build linux && !386 && !s390x && !race && !msan && !asan

package h1

import (
	"math"
	"sync/atomic"
	"syscall"
	"time"
)

// monitorNap is how long Go's monitor thread may sleep while responses come: what it gives a
// goroutine before it interrupts it.
const monitorNap = 10 * time.Millisecond

// monitorWatch keeps Go's monitor thread in reach of goroutines that wake without its hearing
// of it. It falls asleep once all goroutines wait, and wakes by a call that the scheduler
// hears of, or when the next timer is due of those that it knew then (runtime.sysmon). While
// it sleeps nobody interrupts a goroutine that computes for long: with all Ps so occupied,
// other goroutines, timers and the poller have to wait for its end. So there is a timer while
// responses come, and the call that starts the timer is one that the scheduler hears of:
//
//	         woken: start the timer, and wake the monitor
//	off ───────────────────────────────────────────────────► on
//	  ▲                                                      │ the timer, every monitorNap
//	  └──────────────────────────────────────────────────────┘ with nobody woken since the last
//
// A busy program pays a hundred wakes a second for that, and not one for each response.
type monitorWatch struct {
	timer *time.Timer
	on    atomic.Bool
	woken atomic.Bool // somebody was, since the timer rang
}

// monitor's timer is made here, outside all bubbles of testing/synctest.
var monitor = newMonitorWatch()

func newMonitorWatch() *monitorWatch {
	w := new(monitorWatch)
	w.timer = time.AfterFunc(math.MaxInt64, w.ring)
	w.timer.Stop()
	return w
}

// noteWoken is called by a goroutine that the poller has woken.
func noteWoken() { monitor.note() }

func (w *monitorWatch) note() {
	if !w.woken.Load() { // all Ps share it
		w.woken.Store(true)
	}
	if !w.on.Load() && w.on.CompareAndSwap(false, true) {
		w.start()
	}
}

func (w *monitorWatch) start() {
	w.timer.Reset(monitorNap)
	syscall.Syscall(syscall.SYS_GETPID, 0, 0, 0) //nolint:errcheck // it is for the scheduler to hear of it
}

// ring is the timer's function. Of it and a note at the same time, one sees what the other
// has stored.
func (w *monitorWatch) ring() {
	if w.woken.Swap(false) {
		w.timer.Reset(monitorNap)
		return
	}
	w.on.Store(false)
	if w.woken.Load() && w.on.CompareAndSwap(false, true) {
		w.start()
	}
}
