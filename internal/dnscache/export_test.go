package dnscache

// String is the outcome's name in lower case.
func (o Outcome) String() string {
	switch o {
	case Hit:
		return "hit"
	case Miss:
		return "miss"
	case Stale:
		return "stale"
	case Shared:
		return "shared"
	case Literal:
		return "literal"
	default:
		return "unknown"
	}
}
