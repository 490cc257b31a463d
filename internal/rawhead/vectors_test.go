package rawhead_test

// vector is a head and what becomes of it.
type vector struct {
	name string
	// good is the part of the head that breaks no rule, bad what follows it: its
	// first byte breaks one, if there is a reason.
	good, bad string
	// reason is what a strict scanner says, "" if it lets the head pass.
	reason string
}

const (
	badLine  = "malformed status line"
	badTLS   = "a TLS record in place of a status line"
	ctlLine  = "control character in the status line"
	ctlValue = "control character in the value of a header field"
	badName  = "invalid character in the name of a header field"
	blank    = "whitespace before the colon of a header field"
	badCL    = "malformed content-length"
	twoCL    = "more than one content-length"
	clAndTE  = "content-length beside transfer-encoding"
	badTE    = "transfer-encoding other than chunked"
	twoTE    = "more than one transfer-encoding"
	fold0    = "first header line starts with whitespace"
	foldTE   = "folded transfer-encoding"
	noName   = "header field without a name"
	noColon  = "header line without a colon"
)

func statusVectors() []vector {
	return []vector{
		{"usual", ok + "\r\n", "", ""},
		{"bare LF", "HTTP/1.1 200 OK\n\n", "", ""},
		{"line ends mixed", "HTTP/1.1 200 OK\nA: b\r\nC: d\n\r\n", "", ""},
		{"no reason", "HTTP/1.1 200\r\n\r\n", "", ""},
		{"no reason, space", "HTTP/1.1 200 \r\n\r\n", "", ""},
		{"long reason", "HTTP/1.1 404 Not Found, sorry to say\r\n\r\n", "", ""},
		{"tab in the reason", "HTTP/1.1 200 O\tK\r\n\r\n", "", ""},
		{"obs-text in the reason", "HTTP/1.1 200 \xc3\xbc\xff\r\n\r\n", "", ""},
		{"spaces before the status", "HTTP/1.1   200 OK\r\n\r\n", "", ""},
		{"1.0", "HTTP/1.0 200 OK\r\n\r\n", "", ""},
		{"1.9", "HTTP/1.9 200 OK\r\n\r\n", "", ""},
		{"2.0", "HTTP/", "2.0 200 OK\r\n\r\n", badLine},
		{"version of the future", "HTTP/", "5.6 200 OK\r\n\r\n", badLine},
		{"version of the past", "HTTP/", "0.9 200 OK\r\n\r\n", badLine},
		{"status 999", "HTTP/1.1 999 ?\r\n\r\n", "", ""},
		{"status 100", "HTTP/1.1 100 ?\r\n\r\n", "", ""},
		{"status 000", "HTTP/1.1 ", "000 ?\r\n\r\n", badLine},
		{"status 099", "HTTP/1.1 ", "099 ?\r\n\r\n", badLine},
		{"status 099 after spaces", "HTTP/1.0  ", "099\r\n\r\n", badLine},
		{"empty line first", "\r", "\n" + ok + "\r\n", badLine},
		{"bare LF first", "", "\n" + ok + "\r\n", badLine},
		{"no http", "", "SSH-2.0-OpenSSH_9.9\r\n", badLine},
		{"lower case", "", "http/1.1 200 OK\r\n\r\n", badLine},
		{"icy", "", "ICY 200 OK\r\n\r\n", badLine},
		{"TLS alert", "", "\x15\x03\x01\x00\x02\x02\x16", badTLS},
		{"TLS handshake", "", "\x16\x03\x01\x00\x02\x02\x16", badTLS},
		{"version too long", "HTTP/1.1", "1 200 OK\r\n\r\n", badLine},
		{"version without a dot", "HTTP/1", " 200 OK\r\n\r\n", badLine},
		{"version of letters", "HTTP/", "x.1 200 OK\r\n\r\n", badLine},
		{"minor of letters", "HTTP/1.", "x 200 OK\r\n\r\n", badLine},
		{"tab for space", "HTTP/1.1", "\t200 OK\r\n\r\n", badLine},
		{"version only", "HTTP/1.1\r", "\n\r\n", badLine},
		{"no status", "HTTP/1.1 \r", "\n\r\n", badLine},
		{"status of two digits", "HTTP/1.1 20", " OK\r\n\r\n", badLine},
		{"status of one digit", "HTTP/1.1 2\r", "\n\r\n", badLine},
		{"status of four digits", "HTTP/1.1 200", "0 OK\r\n\r\n", badLine},
		{"status with sign", "HTTP/1.1 ", "+20 OK\r\n\r\n", badLine},
		{"status of letters", "HTTP/1.1 2", "OO OK\r\n\r\n", badLine},
		{"status ends in a letter", "HTTP/1.1 20", "O OK\r\n\r\n", badLine},
		{"NUL in the reason", "HTTP/1.1 200 O", "\x00K\r\n\r\n", ctlLine},
		{"DEL in a long reason", "HTTP/1.1 200 OK OK OK OK O", "\x7f OK OK OK\r\n\r\n", ctlLine},
		{"CR in the reason", "HTTP/1.1 200 O\r", "K\r\n\r\n", ctlLine},
		{"CR twice", "HTTP/1.1 200 OK\r", "\r\n\r\n", ctlLine},
	}
}

func fieldVectors() []vector {
	return []vector{
		{"empty value", ok + "A:\r\nB: \r\nC:\t \r\n\r\n", "", ""},
		{"no blank", ok + "A:b\r\n\r\n", "", ""},
		{"blanks", ok + "A: \t b \t \r\n\r\n", "", ""},
		{"token", ok + "!#$%&'*+-.^_`|~09azAZ: b\r\n\r\n", "", ""},
		{"colons", ok + "A: b:c::\r\n\r\n", "", ""},
		{"tab in the value", ok + "A: b\tc\td\t1234567\t8\r\n\r\n", "", ""},
		{"obs-text", ok + "A: \x80\xff\xa0\x9f\xc3\xbc\r\n\r\n", "", ""},
		{"body follows", ok + "A: b\r\n\r\nbody \x00 : \r\n\r\n", "", ""},
		{"unended", ok + "A: b\r\n", "", ""},
		{"ends in a CR", ok + "A: b\r\n\r", "", ""},
		{"fold", ok + "A: b\r\n c\r\n\td\r\nE: f\r\n\r\n", "", ""},
		{"fold of blanks", ok + "A: b\r\n \r\n\t \r\nE: f\r\n\r\n", "", ""},
		{"fold with a colon", ok + "A: b\r\n C: d\r\n\r\n", "", ""},
		{"fold, bare LF", ok + "A: b\n c\n\n", "", ""},
		{"value in the fold", ok + "A:\r\n b\r\n\r\n", "", ""},
		{"fold of nothing", ok, " A: b\r\n\r\n", fold0},
		{"fold of nothing, tab", ok, "\t\r\n\r\n", fold0},
		{"blank before the colon", ok + "A", " : b\r\n\r\n", blank},
		{"tab before the colon", ok + "A", "\t: b\r\n\r\n", blank},
		{"blank in the name", ok + "Content", " Length: 5\r\n\r\n", blank},
		{"no name", ok, ": b\r\n\r\n", noName},
		{"no name, later", ok + "A: b\r\n", ": c\r\n\r\n", noName},
		{"no colon", ok + "Abc\r", "\n\r\n", noColon},
		{"no colon, bare LF", ok + "Abc", "\n\n", noColon},
		{"no colon but a fold's", ok + "Abc\r", "\n : d\r\n\r\n", noColon},
		{"bracket in a name", ok + "A", "[0]: b\r\n\r\n", badName},
		{"slash in a name", ok + "Accept-Encoding", "/x: b\r\n\r\n", badName},
		{"quote in a name", ok + "X-Abcdefgh", "\"x: b\r\n\r\n", badName},
		{"at sign in a name", ok + "A", "@b: c\r\n\r\n", badName},
		{"NUL in a name", ok + "A", "\x00b: c\r\n\r\n", badName},
		{"DEL in a name", ok + "A", "\x7fb: c\r\n\r\n", badName},
		{"obs-text in a name", ok + "A", "\xc3\xa4: c\r\n\r\n", badName},
		{"CR in a name", ok + "A\r", "b: c\r\n\r\n", badName},
		{"CR before the end", ok + "A: b\r\n\r", "A\n", badName},
		{"CR as a line end", ok + "A: b\r", "C: d\r\n\r\n", ctlValue},
		{"CR twice", ok + "A: b\r", "\r\n\r\n", ctlValue},
		{"NUL in a value", ok + "A: b", "\x00\r\n\r\n", ctlValue},
		{"NUL in a long value", ok + "A: bbbbbbbbbbbbbbbbbbbbb", "\x00bbbbbbbbbb\r\n\r\n", ctlValue},
		{"ESC after a tab", ok + "A: b\t", "\x1b[1m\r\n\r\n", ctlValue},
		{"0x1f", ok + "A: b", "\x1f\r\n\r\n", ctlValue},
		{"DEL", ok + "A: b", "\x7f\r\n\r\n", ctlValue},
		{"VT in a fold", ok + "A: b\r\n ", "\x0bc\r\n\r\n", ctlValue},
		{"CR at the start of a value", ok + "A:\r", "b\r\n\r\n", ctlValue},
	}
}

func framingVectors() []vector {
	const cl, te = "Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n"
	const old = "HTTP/1.0 200 OK\r\n"
	return []vector{
		{"length", ok + cl + "\r\n", "", ""},
		{"length with blanks", ok + "Content-Length: \t05 \t\r\n\r\n", "", ""},
		{"length without", ok + "cOnTeNt-lEnGtH:0\r\nA: b\r\n\r\n", "", ""},
		{"length in the fold", ok + "Content-Length:\r\n 5\r\n \r\n\r\n", "", ""},
		{"largest length", ok + "Content-Length: 9223372036854775807\r\n\r\n", "", ""},
		{"similar name", ok + "Content-Lengtk: x\r\nContent-Length-: x\r\n" + cl + "\r\n", "", ""},
		{"length too large", ok + "Content-Length: 922337203685477580", "8\r\n\r\n", badCL},
		{"length much too large", ok + "Content-Length: 9223372036854775807", "0\r\n\r\n", badCL},
		{"no length", ok + "Content-Length: \r\n\r", "\n", badCL},
		{"no length, then a field", ok + "Content-Length: \r\n", "A: b\r\n\r\n", badCL},
		{"no length, fold of blanks", ok + "content-length:\r\n \r\n\r", "\n", badCL},
		{"plus", ok + "Content-Length: ", "+5\r\n\r\n", badCL},
		{"minus", ok + "Content-Length: ", "-5\r\n\r\n", badCL},
		{"hex", ok + "Content-Length: 0", "x5\r\n\r\n", badCL},
		{"underscore", ok + "Content-Length: 1", "_0\r\n\r\n", badCL},
		{"list", ok + "Content-Length: 5", ", 5\r\n\r\n", badCL},
		{"two numbers", ok + "Content-Length: 5 ", "5\r\n\r\n", badCL},
		{"two lines", ok + "Content-Length: 5\r\n ", "5\r\n\r\n", badCL},
		{"digits of another script", ok + "Content-Length: ", "\xd9\xa5\r\n\r\n", badCL},
		{"NUL in the length", ok + "Content-Length: 5", "\x00\r\n\r\n", badCL},
		{"same length twice", ok + cl + "Content-Length: 5\r\n\r\n", "", ""},
		{"same length three times", ok + cl + "A: b\r\ncontent-length:5 \t\r\nCONTENT-LENGTH:\r\n  5\r\n\r\n", "", ""},
		{"other length", ok + cl + "A: b\r\ncontent-length: 6\r\n\r", "\n", twoCL},
		{"other length, then a field", ok + cl + cl + "content-length: 6\r\n", "A: b\r\n\r\n", twoCL},
		{"same number in other digits", ok + cl + "Content-Length: 05\r\n\r", "\n", twoCL},
		{"no second length", ok + cl + "Content-Length:\r\n\r", "\n", badCL},
		{"second length of letters", ok + cl + "Content-Length: ", "x\r\n\r\n", badCL},
		{"same length twice, then coding", ok + cl + cl + "Transfer-Encoding", ": chunked\r\n\r\n", clAndTE},
		{"length, then a long name", ok + cl + "Strict-Transport-Security: max-age=5\r\nA: b\r\n\r\n", "", ""},
		{"length, then a long name with digits", ok + cl + "Access-Control-Max-Age: 6\r\n" + cl + "\r\n", "", ""},
		{"chunked, then a long name", ok + te + "Strict-Transport-Security: x\r\n folded\r\n\r\n", "", ""},
		{"chunked", ok + te + "\r\n", "", ""},
		{"chunked in capitals", ok + "TRANSFER-ENCODING:\t CHUNKED \r\n\r\n", "", ""},
		{"length, then coding", ok + cl + "Transfer-Encoding", ": chunked\r\n\r\n", clAndTE},
		{"coding, then length", ok + te + "A: b\r\nContent-Length", ": 5\r\n\r\n", clAndTE},
		{"coding, then length, 1.0", old + te + "Content-Length", ": 5\r\n\r\n", clAndTE},
		{"length, then coding, 1.0", old + cl + "transfer-encoding", ": chunked\r\n\r\n", clAndTE},
		{"coding twice", ok + te + "Transfer-Encoding", ": chunked\r\n\r\n", twoTE},
		{"gzip", ok + "Transfer-Encoding: ", "gzip, chunked\r\n\r\n", badTE},
		{"identity", ok + "Transfer-Encoding: ", "identity\r\n\r\n", badTE},
		{"chunked, then gzip", ok + "Transfer-Encoding: chunked", ", gzip\r\n\r\n", badTE},
		{"chunked with a parameter", ok + "Transfer-Encoding: chunked", ";q=1\r\n\r\n", badTE},
		{"coding cut short", ok + "Transfer-Encoding: chunk\r\n\r", "\n", badTE},
		{"coding in two", ok + "Transfer-Encoding: chun", " ked\r\n\r\n", badTE},
		{"no coding", ok + "Transfer-Encoding:\r\n", "A: b\r\n\r\n", badTE},
		{"VT before the coding", ok + "Transfer-Encoding: ", "\x0bchunked\r\n\r\n", badTE},
		{"folded coding", ok + "Transfer-Encoding:\r\n", " chunked\r\n\r\n", foldTE},
		{"coding in 1.9", "HTTP/1.9 200 OK\r\nTransfer-Encoding: ", "gzip\r\n\r\n", badTE},
		{"coding in 1.0", old + "Transfer-Encoding: gzip\r\nTransfer-Encoding: x\r\n a\r\n\r\n", "", ""},
	}
}

func interimVectors() []vector {
	const hints = "HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n"
	const cont = "HTTP/1.1 100 Continue\r\n\r\n"
	return []vector{
		{"hints", hints + ok + "A: b\r\n\r\n", "", ""},
		{"many", cont + hints + hints + "HTTP/1.0 199\n\n" + ok + "A: b\r\n\r\n", "", ""},
		{"only interim", hints, "", ""},
		{"spaces before the status", "HTTP/1.1  102 x\r\n\r\n" + ok + "\r\n", "", ""},
		{"switch", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n\x81\x00", "", ""},
		{"switch after hints", hints + "HTTP/1.1 101\r\n\r\n\x81\x00", "", ""},
		{"framing counts per head", "HTTP/1.1 103 x\r\nContent-Length: 0\r\n\r\n" + ok +
			"Content-Length: 5\r\n\r\n", "", ""},
		{"other length per head", "HTTP/1.1 103 x\r\nContent-Length: 0\r\n\r\n" + ok +
			"Content-Length: 5\r\nContent-Length: 5\r\n\r\n", "", ""},
		{"coding counts per head", "HTTP/1.1 103 x\r\nTransfer-Encoding: chunked\r\n\r\n" + ok +
			"Content-Length: 5\r\n\r\n", "", ""},
		{"version counts per head", "HTTP/1.0 103 x\r\n\r\n" + ok + "Transfer-Encoding: ", "x\r\n\r\n", badTE},
		{"fold of nothing", hints + ok, " x\r\n\r\n", fold0},
		{"malformed hints", "HTTP/1.1 103 x\r\nLink", " : y\r\n\r\n" + ok + "\r\n", blank},
		{"body for a head", cont, "body\r\n", badLine},
	}
}

func vectors() []vector {
	var all []vector
	for group, vs := range map[string][]vector{
		"status": statusVectors(), "field": fieldVectors(),
		"framing": framingVectors(), "interim": interimVectors(),
	} {
		for _, v := range vs {
			v.name = group + ", " + v.name
			all = append(all, v)
		}
	}
	return all
}
