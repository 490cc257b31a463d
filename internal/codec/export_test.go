package codec

// Known reports whether coding is built in. Case does not matter, and no coding
// at all is one that can be undone.
func Known(coding string) bool { return kindOf(coding) != unknown }
