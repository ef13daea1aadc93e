package virtual

import "fmt"

// A Status is a CTAP status code other than CTAP2_OK (Client to Authenticator Protocol 2.1 §8.2).
type Status byte

// The codes an Authenticator answers.
const (
	StatusInvalidCommand         Status = 0x01
	StatusInvalidParameter       Status = 0x02
	StatusInvalidLength          Status = 0x03
	StatusInvalidSequence        Status = 0x04
	StatusUnexpectedType         Status = 0x11
	StatusInvalidCBOR            Status = 0x12
	StatusMissingParameter       Status = 0x14
	StatusLargeBlobStorageFull   Status = 0x18
	StatusCredentialExcluded     Status = 0x19
	StatusUnsupportedAlgorithm   Status = 0x26
	StatusOperationDenied        Status = 0x27
	StatusKeyStoreFull           Status = 0x28
	StatusUnsupportedOption      Status = 0x2b
	StatusInvalidOption          Status = 0x2c
	StatusKeepaliveCancel        Status = 0x2d
	StatusNoCredentials          Status = 0x2e
	StatusUserActionTimeout      Status = 0x2f
	StatusNotAllowed             Status = 0x30
	StatusPINInvalid             Status = 0x31
	StatusPINBlocked             Status = 0x32
	StatusPINAuthInvalid         Status = 0x33
	StatusPINAuthBlocked         Status = 0x34
	StatusPINNotSet              Status = 0x35
	StatusPUATRequired           Status = 0x36 // a PIN or finger is needed; CTAP 2.0 calls it PIN_REQUIRED
	StatusPINPolicyViolation     Status = 0x37
	StatusRequestTooLarge        Status = 0x39
	StatusUVBlocked              Status = 0x3c
	StatusIntegrityFailure       Status = 0x3d
	StatusInvalidSubcommand      Status = 0x3e
	StatusUVInvalid              Status = 0x3f
	StatusUnauthorizedPermission Status = 0x40
	StatusOther                  Status = 0x7f
)

// statusNames are the codes as CTAP spells them.
func statusNames() map[Status]string {
	return map[Status]string{
		StatusInvalidCommand: "CTAP1_ERR_INVALID_COMMAND", StatusInvalidParameter: "CTAP1_ERR_INVALID_PARAMETER",
		StatusInvalidLength: "CTAP1_ERR_INVALID_LENGTH", StatusInvalidSequence: "CTAP1_ERR_INVALID_SEQ",
		StatusUnexpectedType: "CTAP2_ERR_CBOR_UNEXPECTED_TYPE", StatusInvalidCBOR: "CTAP2_ERR_INVALID_CBOR",
		StatusMissingParameter:     "CTAP2_ERR_MISSING_PARAMETER",
		StatusLargeBlobStorageFull: "CTAP2_ERR_LARGE_BLOB_STORAGE_FULL",
		StatusCredentialExcluded:   "CTAP2_ERR_CREDENTIAL_EXCLUDED",
		StatusUnsupportedAlgorithm: "CTAP2_ERR_UNSUPPORTED_ALGORITHM",
		StatusOperationDenied:      "CTAP2_ERR_OPERATION_DENIED", StatusKeyStoreFull: "CTAP2_ERR_KEY_STORE_FULL",
		StatusUnsupportedOption: "CTAP2_ERR_UNSUPPORTED_OPTION", StatusInvalidOption: "CTAP2_ERR_INVALID_OPTION",
		StatusKeepaliveCancel: "CTAP2_ERR_KEEPALIVE_CANCEL", StatusNoCredentials: "CTAP2_ERR_NO_CREDENTIALS",
		StatusUserActionTimeout: "CTAP2_ERR_USER_ACTION_TIMEOUT", StatusNotAllowed: "CTAP2_ERR_NOT_ALLOWED",
		StatusPINInvalid: "CTAP2_ERR_PIN_INVALID", StatusPINBlocked: "CTAP2_ERR_PIN_BLOCKED",
		StatusPINAuthInvalid: "CTAP2_ERR_PIN_AUTH_INVALID", StatusPINAuthBlocked: "CTAP2_ERR_PIN_AUTH_BLOCKED",
		StatusPINNotSet: "CTAP2_ERR_PIN_NOT_SET", StatusPUATRequired: "CTAP2_ERR_PUAT_REQUIRED",
		StatusPINPolicyViolation: "CTAP2_ERR_PIN_POLICY_VIOLATION",
		StatusRequestTooLarge:    "CTAP2_ERR_REQUEST_TOO_LARGE",
		StatusUVBlocked:          "CTAP2_ERR_UV_BLOCKED", StatusIntegrityFailure: "CTAP2_ERR_INTEGRITY_FAILURE",
		StatusInvalidSubcommand: "CTAP2_ERR_INVALID_SUBCOMMAND", StatusUVInvalid: "CTAP2_ERR_UV_INVALID",
		StatusUnauthorizedPermission: "CTAP2_ERR_UNAUTHORIZED_PERMISSION", StatusOther: "CTAP1_ERR_OTHER",
	}
}

// Error names the code.
func (s Status) Error() string {
	if name := statusNames()[s]; name != "" {
		return fmt.Sprintf("authenticator: CTAP status 0x%02x (%s)", byte(s), name)
	}
	return fmt.Sprintf("authenticator: CTAP status 0x%02x", byte(s))
}
