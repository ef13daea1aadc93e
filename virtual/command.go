package virtual

import (
	"context"
	"errors"
	"time"
)

// The command bytes of CTAP2 (CTAP 2.1 §6).
const (
	CommandMakeCredential       = 0x01
	CommandGetAssertion         = 0x02
	CommandGetInfo              = 0x04
	CommandClientPIN            = 0x06
	CommandReset                = 0x07
	CommandGetNextAssertion     = 0x08
	CommandCredentialManagement = 0x0a
	CommandSelection            = 0x0b
	CommandLargeBlobs           = 0x0c
	CommandConfig               = 0x0d
	CommandManagementPreview    = 0x41 // CredentialManagement before CTAP 2.1
)

// A command is one row of the table of commands.
type command struct {
	bare bool // it takes no parameters
	run  func(*Authenticator, context.Context, *reader) (any, error)
}

func commands() map[byte]command {
	return map[byte]command{
		CommandMakeCredential:       {false, (*Authenticator).commandMake},
		CommandGetAssertion:         {false, (*Authenticator).commandGet},
		CommandGetInfo:              {true, (*Authenticator).commandInfo},
		CommandClientPIN:            {false, (*Authenticator).clientPIN},
		CommandReset:                {true, (*Authenticator).commandReset},
		CommandGetNextAssertion:     {true, (*Authenticator).commandNext},
		CommandCredentialManagement: {false, (*Authenticator).commandManage},
		CommandSelection:            {true, (*Authenticator).commandSelection},
		CommandLargeBlobs:           {false, (*Authenticator).commandLargeBlobs},
		CommandConfig:               {false, (*Authenticator).commandConfig},
		CommandManagementPreview:    {false, (*Authenticator).commandManage},
	}
}

// knows reports whether this authenticator has a command.
func (a *Authenticator) knows(code byte) bool {
	latest := a.options.Version != FIDO20
	switch code {
	case CommandCredentialManagement:
		return latest && a.manages()
	case CommandManagementPreview:
		return a.manages()
	case CommandSelection:
		return latest
	case CommandLargeBlobs:
		return a.has(extLargeBlobKey)
	case CommandConfig:
		return a.configures()
	}
	return a.options.Protocol != U2F
}

// Command answers one CTAP2 request as it crosses the cable: a command byte and the CBOR of its parameters in, a
// status byte and the CBOR of the response out (CTAP 2.1 §8). Requests are worked on one after another. When ctx
// ends first the answer is CTAP2_ERR_KEEPALIVE_CANCEL and nothing has been made.
func (a *Authenticator) Command(ctx context.Context, request []byte) []byte {
	select {
	case a.turn <- struct{}{}:
		defer func() { <-a.turn }()
	case <-ctx.Done():
		return []byte{byte(StatusKeepaliveCancel)}
	}
	out, err := a.answer(ctx, request)
	if err != nil {
		return []byte{byte(statusOf(err))}
	}
	if out == nil {
		return []byte{0}
	}
	body, err := encode(out)
	if err != nil {
		return []byte{byte(StatusOther)}
	}
	return append([]byte{0}, body...)
}

// answer runs the command of a request.
func (a *Authenticator) answer(ctx context.Context, request []byte) (any, error) {
	switch {
	case ctx.Err() != nil:
		return nil, StatusKeepaliveCancel
	case len(request) == 0:
		return nil, StatusInvalidLength
	case len(request) > maxMessage:
		return nil, StatusRequestTooLarge
	}
	code, body := request[0], request[1:]
	a.forget(code)
	c, ok := commands()[code]
	if !ok || !a.knows(code) {
		return nil, StatusInvalidCommand
	}
	if c.bare {
		if len(body) > 0 {
			return nil, StatusInvalidLength
		}
		return c.run(a, ctx, nil)
	}
	if len(body) == 0 {
		return nil, StatusMissingParameter // every other command has a parameter that must be there
	}
	r, err := decodeMap(body)
	if err != nil {
		return nil, err
	}
	return c.run(a, ctx, r)
}

// forget drops what only the command directly after may go on with (CTAP 2.1 §6, stateful commands).
func (a *Authenticator) forget(code byte) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if code != CommandGetNextAssertion {
		a.session.next = nil
	}
	if code != CommandCredentialManagement && code != CommandManagementPreview {
		a.session.rps, a.session.listed = nil, nil
	}
	if code != CommandLargeBlobs {
		a.session.blobs = nil
	}
}

// statusOf is the byte for an error: what is no Status is a fault of the authenticator.
func statusOf(err error) Status {
	var s Status
	switch {
	case errors.As(err, &s):
		return s
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return StatusKeepaliveCancel
	}
	return StatusOther
}

// commandSelection is authenticatorSelection: the user touches the one she wants (CTAP 2.1 §6.9).
func (a *Authenticator) commandSelection(ctx context.Context, _ *reader) (any, error) {
	if err := a.wait(ctx); err != nil {
		return nil, err
	}
	return nil, a.ask(ctx, "", StatusUserActionTimeout)
}

// resetWindow is how long after power-up a reset is allowed (CTAP 2.1 §6.6).
const resetWindow = 10 * time.Second

// commandReset is authenticatorReset.
func (a *Authenticator) commandReset(ctx context.Context, _ *reader) (any, error) {
	a.mu.Lock()
	late := a.now().Sub(a.session.powered) > resetWindow
	a.mu.Unlock()
	if late {
		return nil, StatusNotAllowed
	}
	if err := a.ask(ctx, "", StatusUserActionTimeout); err != nil {
		return nil, err
	}
	a.Reset()
	return nil, nil
}

// Reset deletes every credential, the PIN and what was configured; keys made later are new ones, and the counter
// goes on.
func (a *Authenticator) Reset() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.clear()
}
