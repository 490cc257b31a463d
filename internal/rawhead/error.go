package rawhead

import "strconv"

// Error tells which rule a head or a trailer broke. It holds nothing that the peer
// sent, so it can be logged as it is.
type Error struct {
	// Reason names the rule, in one line of lower case: "status line too long".
	Reason string
	// Limit is the limit that was passed, in bytes, or in fields for "too many …".
	// 0: the rule is no limit.
	Limit int
}

// Error returns the reason, and the limit if there is one.
func (e *Error) Error() string {
	if e.Limit == 0 {
		return e.Reason
	}
	return e.Reason + " (limit " + strconv.Itoa(e.Limit) + ")"
}

// The rules.
const (
	lineTooLong    = "status line too long"
	fieldTooLong   = "header field too long"
	tooManyFields  = "too many header fields"
	trailerTooLong = "trailer field too long"
	tooManyTrailer = "too many trailer fields"

	badStatusLine  = "malformed status line"
	badReason      = "control character in the status line"
	emptyName      = "header field without a name"
	blankInName    = "whitespace before the colon of a header field"
	badName        = "invalid character in the name of a header field"
	noColon        = "header line without a colon"
	foldOfNothing  = "first header line starts with whitespace"
	badValue       = "control character in the value of a header field"
	badLength      = "malformed content-length"
	repeatedLength = "more than one content-length"
	lengthAndTE    = "content-length beside transfer-encoding"
	badTE          = "transfer-encoding other than chunked"
	foldedTE       = "folded transfer-encoding"
	repeatedTE     = "more than one transfer-encoding"
)
