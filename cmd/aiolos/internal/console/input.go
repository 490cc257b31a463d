package console

import (
	"bufio"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/aiolos-http/aiolos/ws"
)

// MaxLine bounds one line of the input.
const MaxLine = 16 << 20

// Format says how lines become messages.
type Format struct {
	Binary   bool // a line is sent as a binary message
	Hex      bool // a line is hexadecimal digits, and sent as a binary message
	Verbatim bool // a line that begins with a slash is a message like others
}

// Command is what a line asks for: to send a message, a ping or a pong, or to
// close.
type Command struct {
	Type ws.MessageType
	Data []byte
	Code ws.CloseCode // of a Close; its reason is Data
}

// Parse reads a line, without its line end. A line that begins with a slash is a
// command: /ping [TEXT], /pong [TEXT], /close [CODE [REASON]]; two slashes stand
// for a message that begins with one.
func (f Format) Parse(line string) (Command, error) {
	if strings.HasPrefix(line, "/") && !f.Verbatim {
		if !strings.HasPrefix(line, "//") {
			return parseCommand(line[1:])
		}
		line = line[1:]
	}
	switch {
	case f.Hex:
		data, err := hex.DecodeString(strings.NewReplacer(" ", "", "\t", "", ":", "").Replace(line))
		if err != nil {
			return Command{}, errors.New("not hexadecimal digits, two for each byte")
		}
		return Command{Type: ws.Binary, Data: data}, nil
	case f.Binary:
		return Command{Type: ws.Binary, Data: []byte(line)}, nil
	}
	return Command{Type: ws.Text, Data: []byte(line)}, nil
}

// parseCommand reads what follows the slash.
func parseCommand(text string) (Command, error) {
	name, rest, _ := strings.Cut(strings.TrimSpace(text), " ")
	rest = strings.TrimSpace(rest)
	switch name {
	case "ping":
		return Command{Type: ws.Ping, Data: []byte(rest)}, nil
	case "pong":
		return Command{Type: ws.Pong, Data: []byte(rest)}, nil
	case "close":
		return parseClose(rest)
	}
	return Command{}, fmt.Errorf("/%s is not one of /ping, /pong and /close; a message that begins with a slash takes two", name)
}

// parseClose reads a code and a reason. Whether they may be sent is for the
// library to say.
func parseClose(text string) (Command, error) {
	c := Command{Type: ws.Close, Code: ws.CloseNormal}
	if text == "" {
		return c, nil
	}
	number, reason, _ := strings.Cut(text, " ")
	code, err := strconv.ParseUint(number, 10, 16)
	if err != nil {
		return Command{}, fmt.Errorf("/close %s: the code is a number such as 1000", number)
	}
	c.Code, c.Data = ws.CloseCode(code), []byte(strings.TrimSpace(reason))
	return c, nil
}

// line is one line of the input, or its end.
type line struct {
	text string
	err  error // io.EOF at the end
}

// readLines sends the lines of in, and then an error, until stop is closed. A
// read that is under way then ends with the input: a terminal cannot be woken.
func readLines(in io.Reader, stop <-chan struct{}) <-chan line {
	lines := make(chan line)
	send := func(l line) bool {
		select {
		case lines <- l:
			return true
		case <-stop:
			return false
		}
	}
	go func() {
		scanner := bufio.NewScanner(in)
		scanner.Buffer(nil, MaxLine)
		for scanner.Scan() {
			if !send(line{text: scanner.Text()}) {
				return
			}
		}
		err := scanner.Err()
		if err == nil {
			err = io.EOF
		}
		send(line{err: err})
	}()
	return lines
}
