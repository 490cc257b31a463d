package memnet

import "time"

// deadline is a point in time for one kind of call. Its half's lock guards it.
type deadline struct {
	passed bool
	timer  *time.Timer
}

func (d *deadline) stop() {
	if d.timer != nil {
		d.timer.Stop()
		d.timer = nil
	}
}

// setDeadline arms d anew and wakes blocked calls. The lock is held.
func (h *half) setDeadline(d *deadline, t time.Time) {
	d.stop()
	left := time.Until(t)
	d.passed = !t.IsZero() && left <= 0
	if !t.IsZero() && left > 0 {
		d.timer = h.passLater(d, left)
	}
	h.wake.Broadcast()
}

// passLater starts a timer that lets d pass, unless d was armed anew or stopped
// while the timer waited for the lock.
func (h *half) passLater(d *deadline, left time.Duration) *time.Timer {
	var timer *time.Timer
	timer = time.AfterFunc(left, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		if d.timer == timer {
			d.passed = true
			h.wake.Broadcast()
		}
	})
	return timer
}
