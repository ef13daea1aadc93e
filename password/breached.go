package password

import (
	"crypto/sha1"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	mathbits "math/bits"
	"os"
	"sync"
)

// A Breached list answers whether a password stands in published breaches. It is a file that BuildBreached makes of
// SHA-1 hashes, in the 16^5 ranges in which they are published:
//
//	header   magic, version, bits, entries, length of the blocks, checksum of the index, checksum of the header
//	index    the length of each range's block, two bytes each: 2 MiB
//	blocks   of each range that has entries: how many (n), their codes, a checksum of it all with the range's number
//
// Of a hash its range is kept and 64 bits after it, brought below n·2^bits, so that a range holds what a password that
// was never published meets once in 2^bits. The sorted values are kept as their distances in Rice's code, which takes
// bits + 1.54 an entry: below any filter of hashes in memory, and made in one pass over sorted input of any size.
// Whole numbers are little-endian, checksums are CRC-32C: against damage, not against whoever may write the file.
//
// Nothing but the header is read before the first question, then the index; of the blocks one a question.
type Breached struct {
	file    io.ReaderAt
	header  breachedHeader
	once    sync.Once
	lengths []uint16
	starts  []int64 // of every 64th block
	bad     error   // why the index could not be read
}

// breachedHeader is the header as it is stored.
type breachedHeader struct {
	Magic   [8]byte
	Version uint32
	Bits    uint32
	Entries uint64
	Blocks  int64 // bytes
	Index   uint32
	Sum     uint32 // of all before it
}

const (
	breachedVersion = 1
	// breachedBits make one password in a million that is in no breach look as if it were: whoever is told that his is
	// must be able to believe it. Each bit less would spare an eighth of a byte an entry.
	breachedBits = 20
	rangeBits    = 20
	ranges       = 1 << rangeBits
	maxInRange   = 1 << 14 // hashes are even: of a thousand million a range has about 950
	indexEvery   = 64
	headerSize   = 40
	blockFrame   = 6 // bytes around the codes of a block
)

// ErrBreachedFile is why a list cannot be used: another file, another version, or damaged.
var ErrBreachedFile = errors.New("no list of breached passwords that can be read")

func breachedMagic() [8]byte { return [8]byte{'L', 'K', 'B', 'R', 'E', 'A', 'C', '\n'} }

func checksum(b []byte) uint32 { return crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)) }

// OpenBreached opens a list that BuildBreached made. Its error is ErrBreachedFile where the file is none, of another
// version, damaged in its header or cut. Close it when nobody asks any more.
func OpenBreached(path string) (*Breached, io.Closer, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, fmt.Errorf("opening the breached passwords: %w", err)
	}
	info, err := f.Stat()
	if err == nil {
		var b *Breached
		if b, err = newBreached(f, info.Size()); err == nil {
			return b, f, nil
		}
	}
	return nil, nil, errors.Join(fmt.Errorf("opening %s: %w", path, err), f.Close())
}

func newBreached(file io.ReaderAt, size int64) (*Breached, error) {
	raw := make([]byte, headerSize)
	if _, err := file.ReadAt(raw, 0); err != nil {
		return nil, fmt.Errorf("%w: its header is cut", ErrBreachedFile)
	}
	b := &Breached{file: file}
	if _, err := binary.Decode(raw, binary.LittleEndian, &b.header); err != nil {
		return nil, fmt.Errorf("reading the header: %w", err)
	}
	h := &b.header
	switch {
	case h.Magic != breachedMagic():
		return nil, fmt.Errorf("%w: made by something else than latchkey password-list build", ErrBreachedFile)
	case h.Version != breachedVersion || h.Bits < 1 || h.Bits > 32:
		return nil, fmt.Errorf("%w: of version %d, want %d: build it anew", ErrBreachedFile, h.Version, breachedVersion)
	case h.Sum != checksum(raw[:headerSize-4]):
		return nil, fmt.Errorf("%w: its header is damaged", ErrBreachedFile)
	case h.Blocks < 0 || size != headerSize+2*ranges+h.Blocks:
		return nil, fmt.Errorf("%w: it has %d bytes, which is not what its header says", ErrBreachedFile, size)
	}
	return b, nil
}

// Entries returns how many hashes the list has.
func (b *Breached) Entries() uint64 { return b.header.Entries }

// Has reports whether the password, as it would be hashed, stands in the list; one that does not is taken for one that
// does once in 2^20. A nil list has none. Its error is ErrBreachedFile where what it has to read is damaged.
func (b *Breached) Has(password string) (bool, error) {
	if b == nil || len(password) > MaxBytes {
		return false, nil
	}
	return b.hasHash(sha1.Sum([]byte(normalPassword(password))))
}

func (b *Breached) hasHash(hash [sha1.Size]byte) (bool, error) {
	number, rest := splitHash(hash)
	block, err := b.block(number)
	if err != nil || len(block) == 0 {
		return false, err
	}
	n := uint64(binary.LittleEndian.Uint16(block))
	want := reduce(rest, n, b.header.Bits)
	codes := bitReader{from: block[2 : len(block)-4]}
	var value uint64
	for range n {
		gap, ok := codes.rice(b.header.Bits - 1)
		if !ok {
			return false, fmt.Errorf("%w: range %05X ends early", ErrBreachedFile, number)
		}
		if value += gap; value >= want {
			return value == want, nil
		}
	}
	return false, nil
}

// block reads the block of a range, nothing for one without entries.
func (b *Breached) block(number uint32) ([]byte, error) {
	if b.once.Do(b.readIndex); b.bad != nil {
		return nil, b.bad
	}
	at := b.starts[number/indexEvery]
	for _, n := range b.lengths[number-number%indexEvery : number] {
		at += int64(n)
	}
	block := make([]byte, b.lengths[number])
	if len(block) == 0 {
		return nil, nil
	}
	if _, err := b.file.ReadAt(block, at); err != nil {
		return nil, fmt.Errorf("reading range %05X of the breached passwords: %w", number, err)
	}
	if len(block) < blockFrame || binary.LittleEndian.Uint32(block[len(block)-4:]) != blockSum(number, block[:len(block)-4]) {
		return nil, fmt.Errorf("%w: range %05X is damaged", ErrBreachedFile, number)
	}
	return block, nil
}

// readIndex reads where each block lies.
func (b *Breached) readIndex() {
	raw := make([]byte, 2*ranges)
	if _, err := b.file.ReadAt(raw, headerSize); err != nil {
		b.bad = fmt.Errorf("reading the index of the breached passwords: %w", err)
		return
	}
	if checksum(raw) != b.header.Index {
		b.bad = fmt.Errorf("%w: its index is damaged", ErrBreachedFile)
		return
	}
	b.lengths, b.starts = make([]uint16, ranges), make([]int64, ranges/indexEvery)
	at := int64(headerSize + len(raw))
	for i := range b.lengths {
		if i%indexEvery == 0 {
			b.starts[i/indexEvery] = at
		}
		b.lengths[i] = binary.LittleEndian.Uint16(raw[2*i:])
		at += int64(b.lengths[i])
	}
	if at != headerSize+int64(len(raw))+b.header.Blocks {
		b.bad = fmt.Errorf("%w: its index is of another file", ErrBreachedFile)
	}
}

// splitHash returns the range of a hash, and the 64 bits after it.
func splitHash(hash [sha1.Size]byte) (number uint32, rest uint64) {
	number = binary.BigEndian.Uint32(hash[:]) >> (32 - rangeBits)
	hi, next := binary.BigEndian.Uint64(hash[:]), binary.BigEndian.Uint64(hash[8:])
	return number, hi<<rangeBits | next>>(64-rangeBits)
}

// reduce brings the rest of a hash below n·2^bits and keeps the order.
func reduce(rest, n uint64, fingerprint uint32) uint64 {
	hi, _ := mathbits.Mul64(rest, n<<fingerprint)
	return hi
}

func blockSum(number uint32, block []byte) uint32 {
	table := crc32.MakeTable(crc32.Castagnoli)
	return crc32.Update(crc32.Checksum(binary.LittleEndian.AppendUint32(nil, number), table), table, block)
}

// A bitReader reads codes, the highest bit of a byte first.
type bitReader struct {
	from []byte
	at   int // bits
}

// window returns the next 57 bits at least, at the top, as if noughts came behind the end.
func (r *bitReader) window() uint64 {
	i := r.at / 8
	if i+8 <= len(r.from) {
		return binary.BigEndian.Uint64(r.from[i:]) << (r.at % 8)
	}
	var last [8]byte
	copy(last[:], r.from[min(i, len(r.from)):])
	return binary.BigEndian.Uint64(last[:]) << (r.at % 8)
}

// rice reads one number: its high part in ones with a nought behind, its low k bits as they are. It reports whether all
// of that was there.
func (r *bitReader) rice(k uint32) (n uint64, ok bool) {
	for {
		ones := min(mathbits.LeadingZeros64(^r.window()), 48)
		n += uint64(ones)
		if r.at += ones; ones < 48 {
			break
		}
	}
	r.at++ // the nought
	n = n<<k | r.window()>>(64-k)
	r.at += int(k)
	return n, r.at <= 8*len(r.from)
}
