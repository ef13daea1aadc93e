package inventory

import (
	"bufio"
	"bytes"
	"errors"
	"hash/maphash"
	"io"
	"iter"
	"time"
)

// Options say what a file does not.
type Options struct {
	Keys    Keys
	Secrets Encoding // of a table
	Maker   string   // of tokens whose line names none
	Now     time.Time
}

// mark is what some programs put before UTF-8.
var mark = []byte{0xef, 0xbb, 0xbf}

// Read reads the tokens of a file, a key container (RFC 6030) or a table. It yields each in turn: an Item, or a *Fault
// for one that is not taken. A *FileError is the last thing that it yields.
func Read(file io.ReadSeeker, o Options) iter.Seq2[*Item, error] {
	return func(yield func(*Item, error) bool) {
		next, err := open(file, &o)
		if err != nil {
			yield(nil, ofFile(err))
			return
		}
		seen := newNames()
		for some := false; ; {
			t, err := next()
			if errors.Is(err, io.EOF) {
				if !some {
					yield(nil, ofFile(ErrNoTokens))
				}
				return
			}
			some = true
			if t != nil {
				if t.Maker == "" {
					t.Maker = o.Maker
				}
				if why := seen.refuse(t); why != nil {
					t, err = nil, &Fault{Line: t.Line, Serial: t.Serial, Why: why}
				}
			}
			_, goesOn := errors.AsType[*Fault](err)
			if !goesOn {
				err = ofFile(err)
			}
			if !yield(t, err) || err != nil && !goesOn {
				return
			}
		}
	}
}

// names are those of the tokens that a file had so far. Eight bytes a name are enough: that two of a million tokens
// meet in them has a chance of one in thirty million, and one of the two is then told of as standing twice.
type names struct {
	seed maphash.Seed
	seen map[uint64]struct{}
}

func newNames() *names { return &names{seed: maphash.MakeSeed(), seen: map[uint64]struct{}{}} }

// refuse says why a token's name is none, or is one before.
func (n *names) refuse(t *Item) error {
	if t.Maker == "" {
		return ErrNoMaker
	}
	name := maphash.String(n.seed, nameOf(t.Maker, t.Serial))
	if _, twice := n.seen[name]; twice {
		return ErrSame
	}
	n.seen[name] = struct{}{}
	return nil
}

// open tells what a file is, and begins to read it.
func open(file io.ReadSeeker, o *Options) (next func() (*Item, error), err error) {
	isXML, r, err := begin(file)
	if err != nil {
		return nil, err
	}
	if isXML {
		c := newContainer(r, o.Keys, o.Now)
		return c.next, c.begin()
	}
	if o.Secrets == Told {
		if o.Secrets, err = encodingOf(r, o.Now); err != nil {
			return nil, err
		}
		if _, r, err = begin(file); err != nil {
			return nil, err
		}
	}
	t, err := newTable(r, o.Secrets, o.Now)
	if err != nil {
		return nil, err
	}
	return t.next, nil
}

// begin goes to the beginning of a file, behind its mark, and reports whether it is XML.
func begin(file io.ReadSeeker) (bool, io.Reader, error) {
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return false, nil, err
	}
	r := bufio.NewReader(file)
	if first, _ := r.Peek(len(mark)); bytes.Equal(first, mark) {
		_, _ = r.Discard(len(mark)) // they were peeked at
	}
	first, err := r.Peek(512)
	if len(first) == 0 && err != nil {
		return false, nil, ErrNoTokens
	}
	return bytes.HasPrefix(bytes.TrimSpace(first), []byte("<")), r, nil
}
