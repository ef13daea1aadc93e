package fault

import (
	"context"
	"crypto"
	"crypto/sha256"
	"encoding/asn1"
	"fmt"
	"math/big"
	"slices"

	"github.com/latchkey-auth/latchkey/virtual"
)

// signatureFaults break the signature of an assertion (Level 3 §7.2 steps 20 and 21, §6.5.5).
func signatureFaults() []*Fault {
	t := rowDefaults{Authentication, getPlain, CheckGetSignature}
	why := "The signature is all that proves the possession of the key."
	form := "A verifier that takes more than one form of a signature can be made to take one that nobody made."
	return []*Fault{
		t.row("signature-flipped", "The signature has one wrong bit.", why, signature(flipLast)),
		t.row("signature-empty", "The signature is empty.", why, signature(nothing)),
		t.row("signature-zero", "The signature is one zero byte.", why,
			signature(func([]byte) []byte { return []byte{0} })),
		t.row("signature-zeros", "The signature is as long as a right one and all zero.", why,
			signature(func(b []byte) []byte { return make([]byte, len(b)) })),
		t.row("signature-null-pair", "Both numbers of the signature are zero.",
			"A verifier that does not look at the range takes zero for any message and any key.",
			signature(pair(big.NewInt(0), big.NewInt(0)))),
		t.row("signature-one-pair", "Both numbers of the signature are one.", why,
			signature(pair(big.NewInt(1), big.NewInt(1)))),
		t.row("signature-order-pair", "Both numbers of the signature are the order of the group.",
			"A verifier that does not look at the range takes the order for zero.", signature(pair(order(), order()))),
		t.row("signature-negative", "The second number of the signature is negative.", form, signature(negative)),
		t.row("signature-raw", "The signature is two numbers side by side, not DER.", form,
			signature(rawSignature)).at("7.2.21", "#sctn-signature-attestation-types"),
		t.row("signature-trailing", "A byte follows the signature's DER.", form,
			signature(func(b []byte) []byte { return append(b, 0) })).at("7.2.21", "#sctn-signature-attestation-types"),
		t.row("signature-cut", "The signature lacks its last byte.", form,
			signature(func(b []byte) []byte { return b[:len(b)-1] })),
		t.row("signature-long-form", "The signature's length is in the long form, which DER forbids.", form,
			signature(longForm)).at("7.2.21", "#sctn-signature-attestation-types"),
		t.row("signature-stranger", "The signature is by another key.", why, resignBy(strangerKey)),
		t.row("signature-other-data", "The signature is over other authenticator data: UV is set in what is sent.",
			"Flags that are not signed can be set by anything between key and relying party.", flipSent()),
		t.row("signature-other-counter", "The signature is over another counter than the one sent.",
			"A counter that is not signed hides a clone.", sendCounter()),
		t.row("signature-data-alone", "The signature is over the authenticator data alone.", why,
			resign(func(_ *harness, data, _ []byte) ([]byte, []byte) { return data, nil })),
		t.row("signature-hash-alone", "The signature is over the client data hash alone.", why,
			resign(func(_ *harness, _, hash []byte) ([]byte, []byte) { return nil, hash })),
		t.row("signature-reversed",
			"The signature is over the client data hash and the authenticator data, in that order.", why,
			resign(func(_ *harness, data, hash []byte) ([]byte, []byte) { return hash, data })),
		t.row("signature-other-hash", "The signature is over the hash of other client data.", why,
			resentClientData(`"more":1`)).at("7.2.20", "#collectedclientdata-hash-of-the-serialized-client-data"),
		t.row("signature-space", "A blank was put into the client data after they were signed.",
			"A relying party that writes the client data anew before it hashes them judges other bytes than were signed.", resentClientData(" ")).at("7.2.20", "#collectedclientdata-hash-of-the-serialized-client-data"),
		t.row("signature-earlier", "The signature is that of an earlier sign-in.", why).acts(earlierSignature),
	}
}

func order() *big.Int {
	n, _ := new(big.Int).SetString("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551", 16) // of P-256
	return n
}

func pair(r, s *big.Int) func([]byte) []byte {
	return func([]byte) []byte {
		der, err := asn1.Marshal(struct{ R, S *big.Int }{r, s})
		if err != nil {
			return nil
		}
		return der
	}
}

// negative turns s into s minus the order, which is the same modulo the order.
func negative(sig []byte) []byte {
	var p struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(sig, &p); err != nil {
		return nil
	}
	return pair(p.R, new(big.Int).Sub(p.S, order()))(nil)
}

// mirrored takes the other of the two numbers that are right: the order minus s.
func mirrored(sig []byte) []byte {
	var p struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(sig, &p); err != nil {
		return nil
	}
	return pair(p.R, p.S.Sub(order(), p.S))(nil)
}

// longForm writes the length of the outer sequence in two bytes instead of one.
func longForm(sig []byte) []byte { return slices.Concat([]byte{0x30, 0x81, sig[1]}, sig[2:]) }

// sent changes what is sent of an assertion after it was signed.
func sent(change func(s *harness, r *virtual.AuthenticationResponse)) edit {
	return func(s *harness, e *edits) {
		e.Assertion = also(e.Assertion, func(r *virtual.AuthenticationResponse) { change(s, r) })
	}
}

// flipSent changes flag UV, and sendCounter the counter, in the authenticator data that are sent.
func flipSent() edit {
	return sent(func(_ *harness, r *virtual.AuthenticationResponse) {
		r.Response.AuthenticatorData = slices.Clone(r.Response.AuthenticatorData)
		r.Response.AuthenticatorData[32] ^= virtual.FlagUV
	})
}

func sendCounter() edit {
	return sent(func(_ *harness, r *virtual.AuthenticationResponse) {
		r.Response.AuthenticatorData = slices.Clone(r.Response.AuthenticatorData)
		r.Response.AuthenticatorData[35]++
	})
}

// resentClientData puts something before the last brace of the client data that are sent.
func resentClientData(more string) edit {
	return sent(func(_ *harness, r *virtual.AuthenticationResponse) {
		r.Response.ClientDataJSON = before(r.Response.ClientDataJSON, more)
	})
}

// before puts a member, or white space, before the last brace of a JSON object.
func before(text []byte, more string) []byte {
	if more[0] == '"' {
		more = "," + more
	}
	return slices.Concat(text[:len(text)-1], []byte(more), []byte("}"))
}

// resign signs other parts of the assertion than the right ones, with the right key.
func resign(parts func(s *harness, data, hash []byte) (first, second []byte)) edit {
	return sent(func(s *harness, r *virtual.AuthenticationResponse) {
		for _, c := range s.lead.device.Credentials() {
			if string(c.ID) == string(r.RawID) {
				hash := sha256.Sum256(r.Response.ClientDataJSON)
				r.Response.Signature = s.sign(c.PrivateKey(),
					slices.Concat(parts(s, r.Response.AuthenticatorData, hash[:])))
				return
			}
		}
		s.fail(fmt.Errorf("signing anew: the credential is not in the lead's key"))
	})
}

// resignBy signs the right bytes with another key.
func resignBy(who func(s *harness, c *virtual.Credential) crypto.Signer) edit {
	return sent(func(s *harness, r *virtual.AuthenticationResponse) {
		hash := sha256.Sum256(r.Response.ClientDataJSON)
		r.Response.Signature = s.sign(who(s, nil), slices.Concat(r.Response.AuthenticatorData, hash[:]))
	})
}

// sign is ES256, deterministic.
func (s *harness) sign(key crypto.Signer, msg []byte) []byte {
	if key == nil {
		return nil
	}
	sum := sha256.Sum256(msg)
	sig, err := key.Sign(nil, sum[:], crypto.SHA256)
	if err != nil {
		return s.fail(err)
	}
	return sig
}

// earlierSignature signs in honestly, and then answers again with the signature of before.
func earlierSignature(ctx context.Context, s *harness, lead *actor, e *edits) (*Answer, error) {
	var before []byte
	keep := &edits{}
	keep.Signature = func(sig []byte) []byte { before = slices.Clone(sig); return sig }
	if err := honest(lead.signIn(ctx, s.setup.wish, keep)); err != nil {
		return nil, err
	}
	signature(func([]byte) []byte { return before })(s, e)
	return lead.signIn(ctx, s.setup.wish, e)
}

// counterFaults set the signature counter back (Level 3 §7.2 step 22).
func counterFaults() []*Fault {
	t := rowDefaults{Authentication, getPlain, CheckGetCounter}
	why := "A counter that does not go up is the only sign that a key was copied."
	rows := []*Fault{
		t.row("counter-same", "The counter is that of the registration.", why, counter(1)),
		t.row("counter-zero", "The counter is zero, though it was not before.",
			"A copy that does not count must not pass where the original counts.", counter(0)),
		t.row("counter-back", "The counter is below that of the last sign-in, though above that of the registration.",
			why).acts(after(9, 5)).at("7.2.24", ""),
		t.row("counter-repeated", "The counter is that of the last sign-in.", why).acts(after(9, 9)).at("7.2.24", ""),
		t.row("counter-wrapped", "The counter went over its end and began anew.", why).acts(after(0xffffffff, 1)),
		t.row("counter-clone", "The key was copied; the original signed in, and now the copy does.", why).acts(cloned),
	}
	for _, f := range rows {
		f.needs(SignCounter)
	}
	return rows
}

// after signs in honestly with one counter, and then with another.
func after(first, second uint32) scenario {
	return func(ctx context.Context, s *harness, lead *actor, e *edits) (*Answer, error) {
		higher := &edits{}
		counter(first)(s, higher)
		if err := honest(lead.signIn(ctx, s.setup.wish, higher)); err != nil {
			return nil, err
		}
		counter(second)(s, e)
		return lead.signIn(ctx, s.setup.wish, e)
	}
}

// cloned copies the key, lets the original sign in twice and then the copy once.
func cloned(ctx context.Context, s *harness, lead *actor, e *edits) (*Answer, error) {
	thief := *lead
	thief.device = lead.device.Clone()
	for range 2 {
		if err := honest(lead.signIn(ctx, s.setup.wish, nil)); err != nil {
			return nil, err
		}
	}
	return thief.signIn(ctx, s.setup.wish, e)
}
