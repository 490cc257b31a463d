package simulate

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/aiolos-http/aiolos/session"
)

// save saves a file in as many calls as it takes, some of which are ended.
func (k *client) save(r *result) {
	op := &r.op
	path := filepath.Join(k.dir, "file"+strconv.Itoa(op.ID))
	for call := range len(op.Answers) + 2 {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		if call < len(op.Answers) && op.Cancel > 0 {
			cancel()
			ctx, cancel = context.WithTimeout(context.Background(), op.Cancel*time.Duration(call+1))
		}
		opts := append(k.options(op), session.Timeouts(session.ClientTimeout{Total: op.Total, SockRead: 2 * time.Second}))
		saved, err := k.s.Save(ctx, op.url(), session.SaveConfig{Path: path}, opts...)
		cancel()
		r.err = err
		k.print(saved)
		data, missing := os.ReadFile(path)
		switch {
		case err != nil && missing == nil:
			r.wrong = append(r.wrong, fmt.Sprintf("call %d failed (%v), and its file was published", call, err))
		case err == nil && missing != nil:
			r.wrong = append(r.wrong, fmt.Sprintf("call %d succeeded without a file: %v", call, missing))
		}
		if missing == nil {
			r.file = data
			return
		}
		k.text(err.Error())
	}
}

// events reads an event source until the last event.
func (k *client) events(r *result) {
	op := &r.op
	ctx, cancel := context.WithTimeout(context.Background(), op.Total)
	defer cancel()
	source := session.EventSource{
		Session: k.s, URL: op.url(), Retry: 10 * time.Millisecond, MaxRetry: time.Second,
		Options: append(k.options(op), session.Timeouts(session.ClientTimeout{SockRead: 5 * time.Second, Total: -1})),
	}
	for event, err := range source.Events(ctx) {
		if err != nil {
			r.err = err
			return
		}
		r.got = append(r.got, event.ID+" "+event.Data)
		if len(r.got) == op.Count {
			return
		}
	}
}

// socket sends messages and waits for each to come back.
func (k *client) socket(r *result) {
	op := &r.op
	ctx, cancel := context.WithTimeout(context.Background(), op.Total)
	defer cancel()
	conn, err := k.s.WebSocket(ctx, op.url(), nil, k.options(op)...)
	if err != nil {
		r.err = err
		return
	}
	defer func() {
		if err := conn.Close(1000, ""); err != nil {
			k.text(err.Error())
		}
	}()
	for n := range op.Count {
		message := filler(fmt.Sprintf("message %d of %d", n, op.ID), op.Body)
		if r.err = conn.SendBytes(ctx, message); r.err != nil {
			return
		}
		got, err := conn.ReceiveBytes(ctx)
		if err != nil {
			r.err = err
			return
		}
		if !bytes.Equal(got, message) {
			r.wrong = append(r.wrong, fmt.Sprintf("message %d came back as another, of %d bytes", n, len(got)))
		}
	}
	r.whole = true
}
