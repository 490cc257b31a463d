package resume

import "context"

// ParseContentRange returns the three numbers of a Content-Range.
func ParseContentRange(s string) (first, last, total int64, ok bool) {
	cr, ok := parseContentRange(s)
	return cr.first, cr.last, cr.total, ok
}

// ParseDescription returns the URL and the validator of a description.
func ParseDescription(data []byte) (url, validator string, err error) {
	m, err := parseDescription(data)
	return m.URL, m.validator(), err
}

// KeepInterruptedParts are the bytes that an interrupted call keeps of a file of two parts,
// each with its start, where it has come to, and its end. The first has taken the second.
func KeepInterruptedParts(ctx context.Context, first, second [3]int64) (size int64, behind [][2]int64, err error) {
	sv := &Saver{cfg: Config{NoResume: true}, total: second[2]}
	p := &partsDownload{sv: sv, parts: []*filePart{
		{start: first[0], at: first[1], end: first[2], state: partRunning},
		{start: second[0], at: second[1], end: second[2], state: partTaken},
	}}
	err = p.keepParts(ctx)
	for _, s := range sv.kept {
		behind = append(behind, [2]int64{s.start, s.end})
	}
	return sv.size, behind, err
}
