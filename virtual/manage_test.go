package virtual_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"strings"
	"testing"

	"github.com/fxamacker/cbor/v2"

	"github.com/latchkey-auth/latchkey/virtual"
)

// canonical encodes as a platform does.
func canonical(t *testing.T, v any) []byte {
	t.Helper()
	mode, err := cbor.CTAP2EncOptions().EncMode()
	if err != nil {
		t.Fatal(err)
	}
	out, err := mode.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// managing are the parameters of a subcommand of credential management.
func managing(t *testing.T, token *virtual.Token, sub int, params map[int]any) map[int]any {
	t.Helper()
	out, message := map[int]any{1: sub, 3: token.Protocol}, []byte{byte(sub)}
	if params != nil {
		out[2] = params
		message = append(message, canonical(t, params)...)
	}
	out[4] = token.Authenticate(message)
	return out
}

// TestCredentialManagement lists, renames and deletes, under the number of CTAP 2.1 and the one before it.
func TestCredentialManagement(t *testing.T) {
	for _, code := range []byte{virtual.CommandCredentialManagement, virtual.CommandManagementPreview} {
		a := device(t, virtual.Options{ResidentKeys: true, PIN: "1234", ResidentLimit: 5})
		for _, user := range []string{"one", "two"} {
			token := pinToken(t, a, 2, virtual.PermitMakeCredential, "shop.example")
			call(t, a, virtual.CommandMakeCredential, withToken(making(user, map[int]any{7: resident}), token, 8, 9))
		}
		other := making("one", map[int]any{2: map[string]any{"id": "other.example"}, 7: resident})
		call(t, a, virtual.CommandMakeCredential,
			withToken(other, pinToken(t, a, 2, virtual.PermitMakeCredential, "other.example"), 8, 9))
		token := pinToken(t, a, 2, virtual.PermitManagement, "")
		got := call(t, a, code, managing(t, token, 1, nil))
		if got[1] != uint64(3) || got[2] != uint64(2) {
			t.Errorf("metadata: got %v, want 3 and 2 left", got)
		}
		if got = call(t, a, code, managing(t, token, 2, nil)); got[5] != uint64(2) {
			t.Errorf("relying parties: got %v, want 2", got[5])
		}
		names := partyID(got) + " " + partyID(call(t, a, code, map[int]any{1: 3}))
		if !strings.Contains(names, "shop.example") || !strings.Contains(names, "other.example") {
			t.Errorf("relying parties: got %s", names)
		}
		refused(t, a, code, map[int]any{1: 3}, virtual.StatusNotAllowed)
		shop := sha256.Sum256([]byte("shop.example"))
		got = call(t, a, code, managing(t, token, 4, map[int]any{1: shop[:]}))
		if got[9] != uint64(2) || got[10] != uint64(1) {
			t.Errorf("credentials: got %v of protection %v, want 2, 1", got[9], got[10])
		}
		descriptor := got[7]
		call(t, a, code, map[int]any{1: 5})
		refused(t, a, code, map[int]any{1: 5}, virtual.StatusNotAllowed)
		call(t, a, code,
			managing(t, token, 7,
				map[int]any{2: descriptor, 3: map[string]any{"id": []byte("two"), "name": "renamed"}}))
		if c := a.Credentials()[1]; c.UserName != "renamed" || c.DisplayName != "" {
			t.Errorf("got %q, %q, want renamed, without a display name", c.UserName, c.DisplayName)
		}
		stranger := map[int]any{2: descriptor, 3: map[string]any{"id": []byte("else")}}
		refused(t, a, code, managing(t, token, 7, stranger), virtual.StatusInvalidParameter)
		call(t, a, code, managing(t, token, 6, map[int]any{2: descriptor}))
		refused(t, a, code, managing(t, token, 6, map[int]any{2: descriptor}), virtual.StatusNoCredentials)
		if n := len(a.Credentials()); n != 2 {
			t.Errorf("got %d credentials, want 2", n)
		}
	}
}

func partyID(response map[int]any) string {
	rp, _ := response[3].(map[any]any)
	id, _ := rp["id"].(string)
	return id
}

// TestManagementKeepsToItsParty: a token for one relying party shows nothing of another, and a forged one nothing.
func TestManagementKeepsToItsParty(t *testing.T) {
	a := full(t)
	token := pinToken(t, a, 2, virtual.PermitMakeCredential, "shop.example")
	call(t, a, virtual.CommandMakeCredential, withToken(making("mei", map[int]any{7: resident}), token, 8, 9))
	shop, nobody := sha256.Sum256([]byte("shop.example")), sha256.Sum256([]byte("nobody.example"))
	const code = virtual.CommandCredentialManagement
	descriptor := map[string]any{"id": a.Credentials()[0].ID, "type": "public-key"}
	token = pinToken(t, a, 2, virtual.PermitManagement, "other.example")
	for _, params := range []map[int]any{
		managing(t, token, 1, nil), managing(t, token, 2, nil), managing(t, token, 4, map[int]any{1: shop[:]}),
		managing(t, token, 6, map[int]any{2: descriptor}),
	} {
		refused(t, a, code, params, virtual.StatusPINAuthInvalid)
	}
	refused(t, a, code, map[int]any{1: 3}, virtual.StatusNotAllowed)
	token = pinToken(t, a, 2, virtual.PermitManagement, "shop.example")
	call(t, a, code, managing(t, token, 4, map[int]any{1: shop[:]}))
	forged := managing(t, token, 4, map[int]any{1: shop[:]})
	forged[2] = map[int]any{1: nobody[:]}
	refused(t, a, code, forged, virtual.StatusPINAuthInvalid)
	refused(t, a, code, managing(t, token, 4, map[int]any{1: shop[:31]}), virtual.StatusInvalidParameter)
	refused(t, a, code, managing(t, token, 4, nil), virtual.StatusMissingParameter)
	token = pinToken(t, a, 2, virtual.PermitManagement, "")
	refused(t, a, code, managing(t, token, 4, map[int]any{1: nobody[:]}), virtual.StatusNoCredentials)
}

// TestLargeBlobs writes the array in fragments; one out of place, of a wrong hash or without a token changes nothing.
func TestLargeBlobs(t *testing.T) {
	a := full(t)
	token := pinToken(t, a, 2, virtual.PermitLargeBlobWrite, "")
	array := canonical(t, []any{map[int]any{1: bytes.Repeat([]byte{7}, 100), 2: make([]byte, 12), 3: 50}})
	sum := sha256.Sum256(array)
	good := append(bytes.Clone(array), sum[:16]...)
	send := func(part []byte, offset, length int, token *virtual.Token) virtual.Status {
		params := map[int]any{2: part, 3: offset}
		if length != 0 {
			params[4] = length
		}
		if token != nil {
			hash := sha256.Sum256(part)
			message := append(bytes.Repeat([]byte{0xff}, 32), virtual.CommandLargeBlobs, 0)
			message = append(binary.LittleEndian.AppendUint32(message, uint32(offset)), hash[:]...)
			params[5], params[6] = token.Authenticate(message), token.Protocol
		}
		_, err := host(a).Call(t.Context(), virtual.CommandLargeBlobs, params)
		return statusOf(err)
	}
	read := func() []byte {
		out, _ := call(t, a, virtual.CommandLargeBlobs, map[int]any{1: 4096, 3: 0})[1].([]byte)
		return out
	}
	empty := read()
	bad := bytes.Clone(good)
	bad[3] ^= 1
	for name, tc := range map[string]struct {
		got, want virtual.Status
	}{
		"no token":                 {send(good, 0, len(good), nil), virtual.StatusPUATRequired},
		"a wrong hash":             {send(bad, 0, len(bad), token), virtual.StatusIntegrityFailure},
		"no length":                {send(good, 0, 0, token), virtual.StatusInvalidParameter},
		"too long":                 {send(good, 0, 5000, token), virtual.StatusLargeBlobStorageFull},
		"too short":                {send(good, 0, 16, token), virtual.StatusInvalidParameter},
		"more than it said":        {send(good, 0, len(good)-1, token), virtual.StatusInvalidParameter},
		"a second without a first": {send(good[10:], 10, 0, token), virtual.StatusInvalidSequence},
		"a length in the middle":   {send(good[10:], 10, 99, token), virtual.StatusInvalidParameter},
	} {
		if tc.got != tc.want {
			t.Errorf("%s: got %v, want %v", name, tc.got, tc.want)
		}
	}
	if !bytes.Equal(read(), empty) || len(empty) != 17 {
		t.Fatalf("got %x, want the empty array %x", read(), empty)
	}
	if got := send(good[:50], 0, len(good), token); got != 0 {
		t.Fatal(got)
	}
	if got := send(good[40:], 40, 0, token); got != virtual.StatusInvalidSequence {
		t.Errorf("a gap: got %v, want %v", got, virtual.StatusInvalidSequence)
	}
	if got := send(good[50:], 50, 0, token); got != 0 || !bytes.Equal(read(), good) {
		t.Errorf("got %v, and %x, want %x", got, read(), good)
	}
	for _, params := range []map[int]any{{1: 10}, {3: 0}, {1: 10, 2: good, 3: 0}, {1: 10, 3: 0, 4: 10},
		{1: 10, 3: 5000}} {
		refused(t, a, virtual.CommandLargeBlobs, params, virtual.StatusInvalidParameter)
	}
	refused(t, a, virtual.CommandLargeBlobs, map[int]any{1: 7600, 3: 0}, virtual.StatusInvalidLength)
}
