package cache

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/oneline"
)

// headBlock stands for the head where blocks are counted.
const headBlock = -1

// blockSums makes the sums of one entry's blocks.
type blockSums struct {
	hash   hash.Hash
	prefix []byte // the entry: its file's name, its ID; then room for the block's number
}

// newBlockSums is for the entry with that ID in the file of that name, which is made
// of the key.
func newBlockSums(name, id string) *blockSums {
	prefix := append([]byte(filepath.Base(name)+"\n"+id+"\n"), make([]byte, 8)...)
	return &blockSums{sha256.New(), prefix}
}

// sumBlock is the sum of a block, good until the next.
func (s *blockSums) sumBlock(index int64, block []byte) []byte {
	binary.BigEndian.PutUint64(s.prefix[len(s.prefix)-8:], uint64(index)) //nolint:gosec // any value does
	s.hash.Reset()
	_, _ = s.hash.Write(s.prefix) // a hash takes all
	_, _ = s.hash.Write(block)
	return s.hash.Sum(nil)[:sumLength]
}

// fileBody is the body in a file. It gives no byte of a block before it has seen
// that the block is right: the file may have been changed since it was opened.
type fileBody struct {
	f     *os.File
	sums  *blockSums
	buf   []byte // a block and its sum
	ready []byte // what of it was not given yet
	index int64
	size  int64
	done  int64 // of whole blocks
	err   error // what was wrong
}

func newFileBody(f *os.File, head *fileHead) *fileBody {
	b := &fileBody{f: f, sums: newBlockSums(f.Name(), head.meta.ID), size: head.body}
	if head.body > 0 {
		b.buf = make([]byte, min(head.body, blockSize)+sumLength)
	}
	return b
}

// readBlock reads and checks the next block. It is nothing at the end, and io.EOF.
func (b *fileBody) readBlock() error {
	if b.err != nil {
		return b.err
	}
	length := min(b.size-b.done, blockSize)
	if length == 0 {
		return io.EOF
	}
	block := b.buf[:length+sumLength]
	_, err := io.ReadFull(b.f, block)
	switch {
	case errors.Is(err, os.ErrClosed):
		return err // by the reader itself
	case err != nil:
		err = oneline.Join(errDamaged, err)
	case !bytes.Equal(block[length:], b.sums.sumBlock(b.index, block[:length])):
		err = errDamaged
	}
	if err != nil {
		b.err = &errors.ClientPayloadError{Received: b.done, Expected: b.size, Err: &opError{"read", err}}
		_ = removeDamaged(b.f) // if that fails the next Open finds it again
		return b.err
	}
	b.ready = block[:length]
	b.done += length
	b.index++
	return nil
}

// Read returns an [errors.ClientPayloadError] where the file is damaged.
func (b *fileBody) Read(p []byte) (int, error) {
	if len(b.ready) == 0 {
		if len(p) == 0 {
			return 0, nil
		}
		if err := b.readBlock(); err != nil {
			return 0, err
		}
	}
	n := copy(p, b.ready)
	b.ready = b.ready[n:]
	return n, nil
}

// WriteTo writes block by block.
func (b *fileBody) WriteTo(w io.Writer) (written int64, err error) {
	for {
		if len(b.ready) == 0 {
			if err := b.readBlock(); err == io.EOF {
				return written, nil
			} else if err != nil {
				return written, err
			}
		}
		n, err := w.Write(b.ready)
		b.ready = b.ready[n:]
		written += int64(n)
		if err != nil {
			return written, err
		}
	}
}

// Close closes the file.
func (b *fileBody) Close() error { return b.f.Close() }

// removeDamaged closes a file that is damaged and removes it, unless another one has
// its name by now. Its size is counted till the directory is looked through again.
func removeDamaged(f *os.File) error {
	opened, err := f.Stat()
	f.Close() // some systems do not remove an open file
	if err != nil {
		return err
	}
	named, err := os.Stat(f.Name())
	if err == nil && os.SameFile(opened, named) {
		err = os.Remove(f.Name())
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
