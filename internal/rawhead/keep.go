package rawhead

// Field is a header field as it was sent.
type Field struct {
	// Name has the case it was sent with.
	Name []byte
	// Value has no blanks around it. If it was folded, the line ends are cut out and
	// the blanks after them stay: it never holds CR or LF, unless the scanner is
	// lenient, when a CR that no LF follows can be in it.
	Value []byte
}

// keeper copies the fields of the final head. A field's slices stay good when raw
// grows: what was written is never written again.
type keeper struct {
	fields      []Field
	raw         []byte
	start, stop int // of the name at hand, in raw
}

// newKeeper returns a keeper with room for the fields of a usual head.
func newKeeper() *keeper { return &keeper{fields: make([]Field, 0, 12), raw: make([]byte, 0, 512)} }

// beginField takes the start of a field.
func (k *keeper) beginField() { k.start, k.stop = len(k.raw), len(k.raw) }

// addName takes bytes of its name.
func (k *keeper) addName(b []byte) {
	k.raw = append(k.raw, b...)
	k.stop = len(k.raw)
}

// addValue takes bytes of its value.
func (k *keeper) addValue(b []byte) { k.raw = append(k.raw, b...) }

// endField takes the end of the field.
func (k *keeper) endField() {
	k.fields = append(k.fields, Field{
		Name:  k.raw[k.start:k.stop:k.stop],
		Value: trimBlanks(k.raw[k.stop:]),
	})
}
