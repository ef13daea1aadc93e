package desk

import (
	"bytes"
	"encoding/hex"
	"errors"
	"net/http"
	"strings"

	"github.com/latchkey-auth/latchkey/assets"
	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/inventory"
)

// mostTold is how many tokens that are not taken the page names one by one.
const mostTold = 100

func (x *exchange) importView() *assets.DeskImport {
	return &assets.DeskImport{Frame: x.frame(), Box: x.posted.Get("box"), Maker: x.posted.Get("maker"),
		Secrets: x.posted.Get("secrets"), MegaBytes: inventory.MaxFile >> 20, Most: inventory.MostAtOnce}
}

func importForm(x *exchange) error { return x.show(http.StatusOK, x.importView()) }

func importPost(x *exchange) error {
	if err := x.readUpload("file", inventory.MaxFile); err != nil {
		if errors.Is(err, auth.Refuse(auth.TooLarge)) {
			return x.imported(&assets.DeskImported{Broken: "large"})
		}
		return err
	}
	key, good := sharedKey(x.field("key"))
	o := inventory.Order{Options: inventory.Options{Maker: x.field("maker"),
		Secrets: inventory.Encoding(x.field("secrets")),
		Keys:    inventory.Keys{Shared: key, Passphrase: x.posted.Get("passphrase")}},
		File: x.FileName, Box: x.field("box"), Dry: x.field("do") != "import"}
	switch {
	case len(x.file) == 0:
		return x.imported(&assets.DeskImported{Broken: "no-file"})
	case !good:
		return x.imported(&assets.DeskImported{Broken: "key"})
	case !o.Secrets.Valid():
		return auth.RefuseField(auth.MalformedRequest, "secrets")
	}
	v := &assets.DeskImported{Dry: o.Dry}
	tally, err := x.d.Stock.ImportAtDesk(x.r.Context(), x.caller, bytes.NewReader(x.file), o,
		func(f *inventory.Fault) error {
			if len(v.Faults) < mostTold {
				v.Faults = append(v.Faults, assets.DeskFault{Line: f.Line, Serial: f.Serial, Why: inventory.Reason(f)})
			}
			return nil
		})
	broken, is := errors.AsType[*inventory.FileError](err)
	if err != nil && !is {
		return err
	}
	if is {
		v.Broken, v.BrokenLine = inventory.Reason(broken), broken.Line
	}
	v.New, v.Here = tally.New, tally.Here
	v.Not = tally.Conflicts + tally.Faults
	return x.imported(v)
}

// imported shows what became of a file.
func (x *exchange) imported(done *assets.DeskImported) error {
	v := x.importView()
	v.Done = done
	status := http.StatusOK
	if done.Broken != "" {
		status = http.StatusUnprocessableEntity
	}
	return x.show(status, v)
}

// sharedKey reads the key that a maker shares, in hexadecimal digits; none is good as well.
func sharedKey(typed string) ([]byte, bool) {
	text := strings.Join(strings.Fields(typed), "")
	key, err := hex.DecodeString(text)
	return key, err == nil && (text == "" || inventory.IsKey(key))
}
