package audit

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/latchkey-auth/latchkey/auth"
)

// title begins every note: nothing else that a key signs looks like one.
const title = "latchkey audit checkpoint "

// maxLine bounds one line of a file of checkpoints.
const maxLine = 1 << 20

// none stands for the note before the first.
const none = "-"

// A checkpoint is what one note says, with the heads that it commits to. See the package's comment for how it is
// written.
type checkpoint struct {
	Number   uint64
	At       time.Time
	After    string
	Heads    []auth.Head
	Restored *uint64 // the last of the backup that was put back; nil: none was
	Next     string  // the verifier key of those who sign from the next one on, "" for the same

	signed string // the note as it was signed
	signer uint32 // the hash of the key, as the note says
}

// A row is a checkpoint as it lies in the file.
type row struct {
	Note  string   `json:"note"`
	Heads []string `json:"heads"`
}

// text is what is signed.
func (c *checkpoint) text() (string, error) {
	root, err := rootOf(c.Heads)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s%d\nat %s\nafter %s\nheads %d %s\n", title, c.Number, c.At.UTC().Format(time.RFC3339),
		c.After,
		len(c.Heads), root)
	if c.Restored != nil {
		fmt.Fprintf(&b, "restored %d\n", *c.Restored)
	}
	if c.Next != "" {
		fmt.Fprintf(&b, "next %s\n", c.Next)
	}
	return b.String(), nil
}

// line signs a checkpoint and returns it as it is written, with its end.
func (c *checkpoint) line(s note.Signer) ([]byte, error) {
	text, err := c.text()
	if err != nil {
		return nil, err
	}
	signed, err := note.Sign(&note.Note{Text: text}, s)
	if err != nil {
		return nil, fmt.Errorf("signing a checkpoint: %w", err)
	}
	c.signed = string(signed)
	c.signer = s.KeyHash()
	return c.encode()
}

func (c *checkpoint) encode() ([]byte, error) {
	r := row{Note: c.signed, Heads: make([]string, len(c.Heads))}
	for i, h := range c.Heads {
		r.Heads[i] = headText(h)
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(r)
	return b.Bytes(), err
}

// hash is that by which the next note names this one.
func (c *checkpoint) hash() string {
	h := sha256.Sum256([]byte(c.signed))
	return base64.RawURLEncoding.EncodeToString(h[:])
}

func headText(h auth.Head) string {
	return h.Chain + " " + strconv.FormatUint(h.Seq, 10) + " " + h.Hash
}

// rootOf is the root of the Merkle tree whose leaves are the heads.
func rootOf(heads []auth.Head) (tlog.Hash, error) {
	var stored []tlog.Hash
	read := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		list := make([]tlog.Hash, len(indexes))
		for i, x := range indexes {
			list[i] = stored[x]
		}
		return list, nil
	})
	for i, h := range heads {
		more, err := tlog.StoredHashes(int64(i), []byte(headText(h)), read)
		if err != nil {
			return tlog.Hash{}, fmt.Errorf("the tree of heads: %w", err)
		}
		stored = append(stored, more...)
	}
	root, err := tlog.TreeHash(int64(len(heads)), read)
	if err != nil {
		return tlog.Hash{}, fmt.Errorf("the tree of heads: %w", err)
	}
	return root, nil
}

// errSpelling is why something is no checkpoint.
var errSpelling = errors.New("it is not written as a checkpoint is")

// parse reads a line without its end. It looks at no signature: see check.
func parse(line []byte) (*checkpoint, error) {
	var r row
	if err := json.Unmarshal(line, &r); err != nil {
		return nil, errSpelling
	}
	text, _, _ := strings.Cut(r.Note, "\n\n")
	c := &checkpoint{signed: r.Note}
	if err := c.read(text + "\n"); err != nil {
		return nil, err
	}
	for _, h := range r.Heads {
		head, err := parseHead(h)
		if err != nil {
			return nil, err
		}
		c.Heads = append(c.Heads, head)
	}
	sorted := slices.IsSortedFunc(c.Heads, func(a, b auth.Head) int { return strings.Compare(a.Chain, b.Chain) })
	again, err := c.encode()
	if err != nil || !sorted || !bytes.Equal(again, append(bytes.Clone(line), '\n')) {
		return nil, errSpelling
	}
	return c, nil
}

func parseHead(text string) (auth.Head, error) {
	parts := strings.Split(text, " ")
	if len(parts) != 3 {
		return auth.Head{}, errSpelling
	}
	seq, err := strconv.ParseUint(parts[1], 10, 64)
	if err != nil {
		return auth.Head{}, errSpelling
	}
	return auth.Head{Chain: parts[0], Seq: seq, Hash: parts[2]}, nil
}

// read takes what the text of a note says, but for the root, which check computes.
func (c *checkpoint) read(text string) error {
	fields := map[string]string{}
	rest, ok := strings.CutPrefix(text, title)
	if !ok {
		return errSpelling
	}
	lines := strings.Split(strings.TrimSuffix(rest, "\n"), "\n")
	for _, l := range lines[1:] {
		key, value, _ := strings.Cut(l, " ")
		fields[key] = value
	}
	var err1, err2 error
	c.Number, err1 = strconv.ParseUint(lines[0], 10, 64)
	c.At, err2 = time.Parse(time.RFC3339, fields["at"])
	c.After, c.Next = fields["after"], fields["next"]
	if from, ok := fields["restored"]; ok {
		n, err := strconv.ParseUint(from, 10, 64)
		c.Restored = &n
		err1 = errors.Join(err1, err)
	}
	if err1 != nil || err2 != nil {
		return errSpelling
	}
	return nil
}

// check holds a checkpoint against the keys that may have signed it.
func (c *checkpoint) check(keys note.Verifiers) error {
	n, err := note.Open([]byte(c.signed), keys)
	if unknown := new(note.UnverifiedNoteError); errors.As(err, &unknown) {
		return errors.New("it is signed by a foreign key")
	}
	if err != nil {
		return errors.New("its signature is not right")
	}
	text, err := c.text()
	if err != nil || text != n.Text || len(n.Sigs) != 1 || len(n.UnverifiedSigs) != 0 {
		return errors.New("its heads are not those that it was signed over")
	}
	c.signer = n.Sigs[0].Hash
	return nil
}
