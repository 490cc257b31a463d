package h2

// heardOwner notes what a connection says of its streams.
type heardOwner struct {
	streams int
	retired bool
}

func (o *heardOwner) SetStreams(streams int) { o.streams = streams }
func (o *heardOwner) Retire()                { o.retired = true }
func (o *heardOwner) StreamAvailable()       {}
func (o *heardOwner) Forget()                {}

// ReadFrames has pieces of what a server sends read along, and tells how many streams it
// takes by then (1 if it has not said), and whether it goes away.
func ReadFrames(pieces ...[]byte) (streams int, goesAway bool) {
	var o heardOwner
	var f frameReader
	for _, p := range pieces {
		f.scanFrames(p, &o)
	}
	return max(o.streams, 1), o.retired
}
