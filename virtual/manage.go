package virtual

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"slices"

	"github.com/fxamacker/cbor/v2"
)

// unlimitedResidents is what an authenticator without a limit says it has room for.
const unlimitedResidents = 1000

// A manageCommand is one subcommand of authenticatorCredentialManagement (CTAP 2.1 §6.8).
type manageCommand struct {
	open bool  // needs no pinUvAuthParam: it goes on with what one that did began
	need []any // of subCommandParams
	run  func(*Authenticator, *reader) (any, error)
}

func manageCommands() map[uint64]manageCommand {
	return map[uint64]manageCommand{
		1: {false, nil, (*Authenticator).metadata},
		2: {false, nil, (*Authenticator).firstRP},
		3: {true, nil, (*Authenticator).nextRP},
		4: {false, []any{1}, (*Authenticator).firstCredential},
		5: {true, nil, (*Authenticator).nextCredential},
		6: {false, []any{2}, (*Authenticator).deleteCredential},
		7: {false, []any{2, 3}, (*Authenticator).updateUser},
	}
}

// commandManage is authenticatorCredentialManagement, under both of its numbers.
func (a *Authenticator) commandManage(_ context.Context, r *reader) (any, error) {
	r.need(1)
	number := take[uint64](r, 1)
	params := r.sub(2)
	if r.err() != nil {
		return nil, r.err()
	}
	sub, ok := manageCommands()[number]
	if !ok || number == 7 && a.options.Version == FIDO20 {
		return nil, a.unknownSubcommand()
	}
	if !sub.open {
		params.need(sub.need...)
		if err := a.authoriseParams(r, []byte{byte(number)}, PermitManagement); err != nil {
			return nil, err
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if number != 3 {
		a.session.rps = nil
	}
	if number != 5 {
		a.session.listed = nil
	}
	if number == 2 {
		a.listRPs()
	}
	return sub.run(a, params)
}

// authoriseParams checks pinUvAuthParam, member 4, over a message that ends in the parameters of the subcommand, if
// any.
func (a *Authenticator) authoriseParams(r *reader, message []byte, permission int) error {
	param, protocol := take[[]byte](r, 4), r.small(3)
	switch {
	case r.err() != nil:
		return r.err()
	case param == nil:
		return StatusPUATRequired
	}
	if err := a.checkProtocol(r.has(3), protocol); err != nil {
		return err
	}
	if r.has(2) {
		params, err := encode(r.members[keyOf(2)]) // canonical, so these are the bytes that came
		if err != nil {
			return err
		}
		message = append(message, params...)
	}
	return a.authorise(protocol, message, param, permission, "")
}

// bound refuses a token that was issued for another relying party, or for one where the command is about all. The
// caller holds the lock.
func (a *Authenticator) bound(rpHash [32]byte) error {
	rpID := a.session.token.rpID
	if rpID != "" && sha256.Sum256([]byte(rpID)) != rpHash {
		return StatusPINAuthInvalid
	}
	return nil
}

func (a *Authenticator) metadata(*reader) (any, error) {
	if err := a.bound([32]byte{}); err != nil {
		return nil, err
	}
	left := unlimitedResidents
	if a.options.ResidentLimit > 0 {
		left = max(0, a.options.ResidentLimit-a.resident())
	}
	return map[int]any{1: a.resident(), 2: left}, nil
}

// listRPs notes the relying parties with discoverable credentials, by hash.
func (a *Authenticator) listRPs() {
	var all [][32]byte
	for _, c := range a.credentials {
		if c.Resident && !slices.Contains(all, c.rpHash) {
			all = append(all, c.rpHash)
		}
	}
	slices.SortFunc(all, func(x, y [32]byte) int { return bytes.Compare(x[:], y[:]) })
	a.session.rps = all
}

func (a *Authenticator) firstRP(r *reader) (any, error) {
	total := len(a.session.rps)
	if err := a.bound([32]byte{}); err != nil {
		a.session.rps = nil
		return nil, err
	}
	if total == 0 {
		return nil, StatusNoCredentials
	}
	out, err := a.nextRP(r)
	if m, ok := out.(map[int]any); ok {
		m[5] = total
	}
	return out, err
}

func (a *Authenticator) nextRP(*reader) (any, error) {
	if len(a.session.rps) == 0 {
		return nil, StatusNotAllowed
	}
	hash := a.session.rps[0]
	a.session.rps = a.session.rps[1:]
	rp := map[string]any{"id": ""}
	for _, c := range a.credentials {
		if c.Resident && c.rpHash == hash {
			rp["id"] = c.RPID
			if c.RPName != "" {
				rp["name"] = c.RPName
			}
		}
	}
	return map[int]any{3: rp, 4: hash[:]}, nil
}

func (a *Authenticator) firstCredential(r *reader) (any, error) {
	raw := take[[]byte](r, 1)
	switch {
	case r.err() != nil:
		return nil, r.err()
	case len(raw) != 32:
		return nil, StatusInvalidParameter
	}
	hash := [32]byte(raw)
	if err := a.bound(hash); err != nil {
		return nil, err
	}
	for _, c := range a.credentials {
		if c.Resident && c.rpHash == hash {
			a.session.listed = append(a.session.listed, c.clone())
		}
	}
	total := len(a.session.listed)
	if total == 0 {
		return nil, StatusNoCredentials
	}
	slices.SortFunc(a.session.listed, func(x, y *Credential) int { return cmp.Compare(y.order, x.order) })
	out, err := a.nextCredential(r)
	if m, ok := out.(map[int]any); ok {
		m[9] = total
	}
	return out, err
}

func (a *Authenticator) nextCredential(*reader) (any, error) {
	if len(a.session.listed) == 0 {
		return nil, StatusNotAllowed
	}
	c := a.session.listed[0]
	a.session.listed = a.session.listed[1:]
	key, err := c.PublicKeyCOSE()
	if err != nil {
		return nil, err
	}
	out := map[int]any{
		6: userMap(c, true), 7: map[string]any{"id": c.ID, "type": "public-key"}, 8: cbor.RawMessage(key),
	}
	if a.options.Version != FIDO20 {
		out[10] = max(c.CredProtect, ProtectOptional)
		if c.LargeBlobKey != nil {
			out[11] = c.LargeBlobKey
		}
	}
	return out, nil
}

// managed finds the discoverable credential that the parameters name.
func (a *Authenticator) managed(r *reader) (*Credential, error) {
	id := r.sub(2).descriptor()
	if r.err() != nil {
		return nil, r.err()
	}
	for _, c := range a.credentials {
		if c.Resident && bytes.Equal(c.ID, id) {
			return c, a.bound(c.rpHash)
		}
	}
	return nil, StatusNoCredentials
}

func (a *Authenticator) deleteCredential(r *reader) (any, error) {
	c, err := a.managed(r)
	if err != nil {
		return nil, err
	}
	delete(a.credentials, keyFor(c.rpHash, c.ID))
	return nil, nil
}

// updateUser replaces the names; the user handle must be the same.
func (a *Authenticator) updateUser(r *reader) (any, error) {
	user := r.sub(3)
	user.need("id")
	c, err := a.managed(r)
	if err != nil {
		return nil, err
	}
	name, display := take[string](user, "name"), take[string](user, "displayName")
	id := take[[]byte](user, "id")
	switch {
	case r.err() != nil:
		return nil, r.err()
	case !bytes.Equal(id, c.UserHandle):
		return nil, StatusInvalidParameter
	}
	c.UserName, c.DisplayName = name, display
	return nil, nil
}
