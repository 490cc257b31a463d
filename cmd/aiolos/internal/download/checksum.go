package download

import (
	"bufio"
	"bytes"
	"crypto/md5"  //nolint:gosec // against damage, not against forgery
	"crypto/sha1" //nolint:gosec // as above
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"path"
	"strings"

	aioerrors "github.com/aiolos-http/aiolos/errors"
)

// Sum is the checksum that a file must have. The zero Sum asks for none.
type Sum struct {
	algorithm string
	digest    []byte
}

// knownAlgorithms are those of checksums by name, and by the length of their digest.
func knownAlgorithms() []struct {
	name string
	size int
	make func() hash.Hash
} {
	return []struct {
		name string
		size int
		make func() hash.Hash
	}{
		{"sha256", sha256.Size, sha256.New},
		{"sha512", sha512.Size, sha512.New},
		{"sha1", sha1.Size, sha1.New},
		{"md5", md5.Size, md5.New},
	}
}

// ParseSum reads ALGORITHM:HEX, or hexadecimal digits whose number tells the
// algorithm: SHA-256, SHA-512, SHA-1 or MD5.
func ParseSum(text string) (Sum, error) {
	name, digits, named := strings.Cut(strings.TrimSpace(text), ":")
	if !named {
		name, digits = "", name
	}
	name = strings.ReplaceAll(strings.ToLower(name), "-", "")
	digest, err := hex.DecodeString(digits)
	if err != nil {
		return Sum{}, aioerrors.New("a checksum is hexadecimal digits, with the algorithm in front: sha256:HEX")
	}
	for _, a := range knownAlgorithms() {
		if len(digest) == a.size && (name == a.name || !named) {
			return Sum{a.name, digest}, nil
		}
	}
	return Sum{}, aioerrors.New("not the checksum of sha256, sha512, sha1 or md5")
}

// IsZero reports whether s asks for nothing.
func (s Sum) IsZero() bool { return s.algorithm == "" }

// String is the form that [ParseSum] reads.
func (s Sum) String() string { return s.algorithm + ":" + hex.EncodeToString(s.digest) }

// checkReader compares the checksum with that of r.
func (s Sum) checkReader(r io.Reader) error {
	for _, a := range knownAlgorithms() {
		if a.name != s.algorithm {
			continue
		}
		h := a.make()
		if _, err := io.Copy(h, r); err != nil {
			return err
		}
		if got := h.Sum(nil); !bytes.Equal(got, s.digest) {
			return &ChecksumError{Want: s, Got: Sum{s.algorithm, got}}
		}
	}
	return nil
}

// ChecksumError is a file that is not the one that was wanted.
type ChecksumError struct{ Want, Got Sum }

// Error implements error.
func (e *ChecksumError) Error() string {
	return fmt.Sprintf("the checksum is %s, and not %s", e.Got, e.Want)
}

// Is makes it one of the library's errors for bodies.
func (e *ChecksumError) Is(target error) bool {
	return target == aioerrors.ErrClientPayload || target == aioerrors.ErrClient
}

// Sums are checksums by the name of the file.
type Sums map[string]Sum

// ReadSums reads what sha256sum and its kin write: "DIGEST  NAME", with an
// asterisk in front of the name for a binary file, or BSD's "SHA256 (NAME) =
// DIGEST". Of a name that is a path the last element counts.
func ReadSums(r io.Reader) (Sums, error) {
	sums := Sums{}
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		text := strings.TrimRight(lines.Text(), "\r")
		if strings.TrimSpace(text) == "" || text[0] == '#' {
			continue
		}
		name, sum, err := readSum(text)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		sums[name] = sum
	}
	return sums, lines.Err()
}

// readSum reads one line.
func readSum(text string) (string, Sum, error) {
	if head, digits, ok := strings.Cut(text, ") = "); ok {
		if algorithm, name, ok := strings.Cut(head, " ("); ok {
			sum, err := ParseSum(algorithm + ":" + digits)
			return path.Base(name), sum, err
		}
	}
	digits, name, ok := strings.Cut(text, " ")
	if !ok || len(name) < 2 || name[0] != ' ' && name[0] != '*' || strings.HasPrefix(digits, `\`) {
		return "", Sum{}, aioerrors.New("not DIGEST, two blanks, NAME")
	}
	sum, err := ParseSum(digits)
	return path.Base(name[1:]), sum, err
}

// wantSum finds the checksum of the file, which has one of the names. It is an error
// if there is a list without it.
func (t *transfer) wantSum(names ...string) error {
	if t.sum = t.job.Sum; !t.sum.IsZero() || t.f.Sums == nil {
		return nil
	}
	for _, name := range names {
		if sum, ok := t.f.Sums[name]; ok {
			t.sum = sum
			return nil
		}
	}
	return fmt.Errorf("no checksum for %s in the list", names[0])
}
