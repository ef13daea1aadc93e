package yubiotp

import (
	"encoding/hex"
	"strings"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/ident"
)

// imported reads the values of a key that has them already, as its own program writes them: with blanks or
// without, the public id in modhex, the others in hexadecimal. Refuses KeyValuesMalformed. A secret that is one
// byte throughout is refused as well: it is what an empty slot or an example has.
func imported(v auth.KeyValues) (slot, error) {
	public, err := signs(ident.CleanCode(v.PublicID))
	if _, ok := decode(public); err != nil || !ok || len(public) > maxIDSigns {
		return slot{}, auth.RefuseField(auth.KeyValuesMalformed, "publicId")
	}
	private, ok := hexadecimal(v.PrivateID, privateSize)
	if !ok {
		return slot{}, auth.RefuseField(auth.KeyValuesMalformed, "privateId")
	}
	secret, ok := hexadecimal(v.Secret, secretSize)
	if !ok || strings.Count(secret, secret[:2]) == secretSize {
		return slot{}, auth.RefuseField(auth.KeyValuesMalformed, "secret")
	}
	return slot{Public: public, Private: private, Secret: secret}, nil
}

// hexadecimal reads n bytes in hexadecimal, and writes them in one way.
func hexadecimal(typed string, n int) (string, bool) {
	raw, err := hex.DecodeString(ident.CleanCode(typed))
	return hex.EncodeToString(raw), err == nil && len(raw) == n
}
