package virtual

import (
	"bytes"
	"context"
)

// The subcommands of authenticatorConfig (CTAP 2.1 §6.11).
const (
	configToggleAlwaysUV  = 2
	configSetMinPINLength = 3
)

// commandConfig is authenticatorConfig.
func (a *Authenticator) commandConfig(_ context.Context, r *reader) (any, error) {
	r.need(1)
	sub, params := take[uint64](r, 1), r.sub(2)
	if r.err() != nil {
		return nil, r.err()
	}
	if sub != configToggleAlwaysUV && (sub != configSetMinPINLength || !a.options.ClientPIN) {
		return nil, StatusInvalidSubcommand
	}
	if a.protected() || a.alwaysUV() {
		message := append(bytes.Repeat([]byte{0xff}, 32), CommandConfig, byte(sub)) // CTAP 2.1 §6.11
		if err := a.authoriseParams(r, message, PermitConfiguration); err != nil {
			return nil, err
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if sub == configToggleAlwaysUV {
		a.pin.alwaysUV = !a.pin.alwaysUV
		return nil, nil
	}
	return nil, a.setMinPINLength(params)
}

// setMinPINLength raises the minimum, never lowers it; a PIN that is now too short must be changed before it serves
// again. The caller holds the lock.
func (a *Authenticator) setMinPINLength(r *reader) error {
	minimum := a.pin.minimum
	if r.has(1) {
		minimum = r.small(1)
	}
	change := take[bool](r, 3)
	var readers []string
	for _, v := range take[[]any](r, 2) {
		readers = append(readers, as[string](r, v))
	}
	switch {
	case r.err() != nil:
		return r.err()
	case minimum < a.pin.minimum || minimum > maximumPIN:
		return StatusPINPolicyViolation
	case change && a.pin.hash == nil:
		return StatusPINNotSet
	case len(readers) > maxMinPINReaders:
		return StatusKeyStoreFull
	}
	a.pin.minimum = minimum
	if r.has(2) {
		a.pin.readers = readers
	}
	if a.pin.hash != nil && (change || a.pin.length < minimum) {
		a.pin.change = true
		a.session.token = token{}
	}
	return nil
}
