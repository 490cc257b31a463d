package resume

import (
	stderrors "errors"
	"slices"
)

// span are the bytes from start to end of a file.
type span struct{ start, end int64 }

func (s span) length() int64 { return s.end - s.start }

// maxSpans bounds those of a description. Each interrupt leaves one for each request, and
// the next call closes the gaps again.
const maxSpans = 1000

// The bytes of a part that count, when there are gaps:
//
//	0         size       kept[0]        kept[1]        total
//	|##########|..........|#####|........|###|..........|
//	                ^ the next request asks for this gap
//
// A description names them as "have", the first from 0 to size. Without a "have" all
// bytes of the part count.

// readHave takes over what a description says of a part of so many bytes.
func (sv *Saver) readHave(length int64) {
	sv.size, sv.kept = length, nil
	for i, s := range sv.meta.Have {
		one := span{s[0], min(s[1], length)} // what a full disk has cut does not count
		switch {
		case i == 0:
			sv.size = one.end
		case one.start < one.end && sv.size > 0:
			sv.kept = append(sv.kept, one)
		}
	}
	sv.skipKept()
}

// checkHave looks at the spans of a description: in order, apart, and from the start on.
func checkHave(have [][2]int64, length int64) error {
	end := int64(-1)
	for i, s := range have {
		if i == 0 && (s[0] != 0 || s[1] < 0) || i > 0 && (s[0] <= end || s[1] <= s[0]) || length >= 0 && s[1] > length || i > maxSpans {
			return stderrors.New("not the description of an unfinished file")
		}
		end = s[1]
	}
	return nil
}

// skipKept passes over what is there already behind the part's contiguous bytes. It
// reports whether there was any.
func (sv *Saver) skipKept() (skipped bool) {
	for len(sv.kept) > 0 && sv.kept[0].start <= sv.size {
		sv.size = max(sv.size, sv.kept[0].end)
		sv.kept, skipped = sv.kept[1:], true
	}
	return skipped
}

// have is how many bytes of the part count.
func (sv *Saver) have() int64 {
	n := sv.size
	for _, s := range sv.kept {
		n += s.length()
	}
	return n
}

// gapEnd is where the first gap ends, or -1 if that is not known.
func (sv *Saver) gapEnd() int64 {
	if len(sv.kept) > 0 {
		return sv.kept[0].start
	}
	return sv.total
}

// gaps are the spans that the part lacks. The total is known.
func (sv *Saver) gaps() []span {
	var all []span
	from := sv.size
	for _, s := range append(slices.Clone(sv.kept), span{sv.total, sv.total}) {
		if s.start > from {
			all = append(all, span{from, s.start})
		}
		from = s.end
	}
	return all
}

// setHave says which bytes of the part count from now on.
func (sv *Saver) setHave(all []span) {
	slices.SortFunc(all, func(a, b span) int { return int(min(max(a.start-b.start, -1), 1)) })
	sv.size, sv.kept = 0, nil
	for _, s := range all {
		switch last := len(sv.kept) - 1; {
		case s.length() <= 0:
		case s.start <= sv.size:
			sv.size = max(sv.size, s.end)
		case sv.size == 0: // nothing can be gone on with that has no beginning
		case last >= 0 && s.start <= sv.kept[last].end:
			sv.kept[last].end = max(sv.kept[last].end, s.end)
		case len(sv.kept) < maxSpans:
			sv.kept = append(sv.kept, s)
		}
	}
}

// noteHave writes down which bytes count, once they are on the disk.
func (sv *Saver) noteHave() error {
	sv.meta.Have = nil
	if len(sv.kept) > 0 {
		sv.meta.Have = [][2]int64{{0, sv.size}}
		for _, s := range sv.kept {
			sv.meta.Have = append(sv.meta.Have, [2]int64{s.start, s.end})
		}
	}
	end := sv.size
	if n := len(sv.kept); n > 0 {
		end = sv.kept[n-1].end
	}
	if err := sv.part.Truncate(end); err != nil {
		return err
	}
	if err := sv.part.Sync(); err != nil {
		return err
	}
	return writeDescription(sv.dir.root, sv.name, sv.meta)
}

// noteCut is noteHave when a body has broken off between gaps. What the description has
// said before stays right if that fails.
func (sv *Saver) noteCut() error {
	if sv.meta.Have == nil || !sv.canResume() {
		return nil
	}
	return sv.noteHave()
}
