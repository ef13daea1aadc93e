package fault

import "slices"

// A Demand is what a check is about, for reports and for the coverage of steps.
type Demand struct {
	Check  Check
	Step   string // of Level 3 §7.1 or §7.2 that calls for it; what both ceremonies check has that of registrations
	Class  Class  // of a fault that breaks it
	Reason Reason // why a relying party refuses that
	Clause string // the fragment of the clause in https://www.w3.org/TR/webauthn-3/
	Says   string // what must hold
	Cites  string // the sentence that says so, behind its source: "RFC 8812 §2: A key of size 2048 bits or larger MUST be used."
}

// Demands lists every check, in the order of the specification.
func Demands() []Demand {
	out := slices.Concat(
		demandsOfJSON(), demandsOfClientData(), demandsOfObject(), demandsOfCreateData(), demandsOfKey(),
		demandsOfStatement(), demandsOfTrust(), demandsOfGet(), demandsOfState(),
	)
	cited := citations()
	for i := range out {
		out[i].Cites = cited[out[i].Check]
	}
	return out
}

// StepIn is the step in one of the ceremonies.
func (d Demand) StepIn(c Ceremony) string {
	if c != Authentication {
		return d.Step
	}
	switch d.Check { // what both ceremonies check
	case CheckJSONObject, CheckJSONDuplicate, CheckJSONType, CheckJSONBytes:
		return "7.2.3"
	case CheckJSONID:
		return "7.2.5"
	case CheckJSONRawID:
		return "7.2.6"
	case CheckClientDataPresent:
		return "7.2.8"
	case CheckClientDataJSON, CheckClientDataDuplicate:
		return "7.2.9"
	}
	return d.Step
}

func demandsOfJSON() []Demand {
	return []Demand{
		{CheckJSONObject, "7.1.3", Hardening, Malformed, "#dictdef-registrationresponsejson", "the response is one JSON object, nothing before or behind", ""},
		{CheckJSONDuplicate, "7.1.3", Hardening, Duplicate, "#dictdef-registrationresponsejson", "no member occurs twice, at any depth", ""},
		{CheckJSONType, "7.1.3", Hardening, Malformed, "#dictdef-registrationresponsejson", "type is \"public-key\"", ""},
		{CheckJSONID, "7.1.27", Hardening, Malformed, "#dictdef-registrationresponsejson", "id is there and is a string of base64url", ""},
		{CheckJSONRawID, "7.1.27", Hardening, Malformed, "#dictdef-registrationresponsejson", "rawId is there and is the bytes that id encodes", ""},
		{CheckJSONBytes, "7.1.3", Reject, Malformed, "#dictdef-registrationresponsejson", "byte strings are base64url without padding, line breaks or stray bits", ""},
		{CheckJSONHandle, "7.2.6", Reject, Malformed, "#dom-authenticatorassertionresponsejson-userhandle", "userHandle is absent, null or a byte string of at most 64 bytes", ""},
	}
}

func demandsOfClientData() []Demand {
	return []Demand{
		{CheckClientDataPresent, "7.1.5", Reject, Malformed, "#dom-authenticatorresponse-clientdatajson", "clientDataJSON is there", ""},
		{CheckClientDataJSON, "7.1.6", Reject, Malformed, "#dictdef-collectedclientdata", "it is one JSON object, nothing behind it", ""},
		{CheckClientDataDuplicate, "7.1.6", Hardening, Duplicate, "#dictdef-collectedclientdata", "no member of it occurs twice", ""},
		{CheckCreateType, "7.1.7", Reject, WrongType, "#dom-collectedclientdata-type", "type is \"webauthn.create\"", ""},
		{CheckCreateChallenge, "7.1.8", Reject, WrongChallenge, "#dom-collectedclientdata-challenge", "challenge is that of the options, to the letter", ""},
		{CheckCreateOrigin, "7.1.9", Reject, WrongOrigin, "#sctn-validating-origin", "origin is one of those expected, to the letter", ""},
		{CheckCreateCrossOrigin, "7.1.10", Reject, WrongOrigin, "#dom-collectedclientdata-crossorigin", "crossOrigin is false or absent where no framing is expected", ""},
		{CheckCreateTopOrigin, "7.1.11", Reject, WrongOrigin, "#dom-collectedclientdata-toporigin", "topOrigin is absent, or expected", ""},
		{CheckCreateHash, "7.1.12", Reject, BadAttestation, "#collectedclientdata-hash-of-the-serialized-client-data", "the hash is over the client data that was sent", ""},
	}
}

func demandsOfObject() []Demand {
	return []Demand{
		{CheckResponseIsAttestation, "7.1.3", Reject, Malformed, "#iface-authenticatorattestationresponse", "the response has an attestation object", ""},
		{CheckAttestationCBOR, "7.1.13", Reject, Malformed, "#sctn-generating-an-attestation-object", "it is one well-formed CBOR map, nothing behind it", ""},
		{CheckAttestationDuplicate, "7.1.13", Hardening, Duplicate, "#sctn-generating-an-attestation-object", "no key of it occurs twice", ""},
		{CheckAttestationFormat, "7.1.13", Reject, Malformed, "#sctn-generating-an-attestation-object", "fmt is there and is a text", ""},
		{CheckAttestationStatement, "7.1.13", Reject, Malformed, "#sctn-generating-an-attestation-object", "attStmt is there and is a map", ""},
		{CheckAttestationAuthData, "7.1.13", Reject, Malformed, "#sctn-generating-an-attestation-object", "authData is there and is a byte string", ""},
	}
}

func demandsOfCreateData() []Demand {
	return []Demand{
		{CheckCreateDataLength, "7.1.13", Reject, Malformed, "#sctn-authenticator-data", "authenticator data has at least 37 bytes", ""},
		{CheckCreateAttested, "7.1.13", Reject, Malformed, "#authdata-flags-at", "flag AT is set", ""},
		{CheckCreateAttestedLength, "7.1.13", Reject, Malformed, "#sctn-attested-credential-data", "attested credential data is whole", ""},
		{CheckCreateExtensions, "7.1.13", Hardening, Malformed, "#authdata-extensions", "flag ED and extension data go together, and these are a map", ""},
		{CheckCreateLeftover, "7.1.13", Hardening, Malformed, "#sctn-authenticator-data", "nothing is left over behind it", ""},
		{CheckCreateRPID, "7.1.14", Reject, WrongRPID, "#authdata-rpidhash", "rpIdHash is the hash of the RP ID", ""},
		{CheckCreatePresence, "7.1.15", Reject, NoTouch, "#authdata-flags-up", "flag UP is set", ""},
		{CheckCreateVerification, "7.1.16", Reject, NotVerified, "#authdata-flags-uv", "flag UV is set where verification was required", ""},
		{CheckCreateBackup, "7.1.17", Reject, BackupFlags, "#authdata-flags-bs", "flag BS is not set without BE", ""},
		{CheckCreateIDMatch, "7.1.27", Hardening, Malformed, "#sctn-attested-credential-data", "the credential id in authenticator data is the one of the response", ""},
		{CheckCreateIDEmpty, "7.1.25", Hardening, Malformed, "#sctn-attested-credential-data", "the credential id is not empty", ""},
		{CheckCreateIDLength, "7.1.25", Hardening, Malformed, "#sctn-attested-credential-data", "the credential id has at most 1023 bytes", ""},
		{CheckCreateIDNew, "7.1.26", Hardening, Registered, "#sctn-registering-a-new-credential", "the credential id is registered to nobody else", ""},
		{CheckCreateIDAgain, "7.1.26", Hardening, Registered, "#sctn-registering-a-new-credential", "the credential id is not registered to the same user already", ""},
	}
}

func demandsOfKey() []Demand {
	return []Demand{
		{CheckKeyMap, "7.1.13", Reject, BadKey, "#sctn-attested-credential-data", "it is a CBOR map with no key twice", ""},
		{CheckKeyAlgorithm, "7.1.20", Reject, BadAlgorithm, "#sctn-attested-credential-data", "alg is there and is a number", ""},
		{CheckKeyOptional, "7.1.13", Hardening, BadKey, "#sctn-attested-credential-data", "it has no entries that it need not have", ""},
		{CheckKeyOffered, "7.1.20", Reject, BadAlgorithm, "#sctn-alg-identifier", "alg is one of those offered", ""},
		{CheckKeyType, "7.1.20", Reject, BadKey, "#sctn-encoded-credPubKey-examples", "kty is that of alg", ""},
		{CheckKeyCurve, "7.1.20", Reject, BadKey, "#sctn-alg-identifier", "crv is that of alg", ""},
		{CheckKeyCoordinates, "7.1.20", Reject, BadKey, "#sctn-alg-identifier", "x and y are byte strings of the length of the field, neither compressed nor cut", ""},
		{CheckKeyOnCurve, "7.1.20", Hardening, BadKey, "#sctn-alg-identifier", "the point is on the curve", ""},
		{CheckKeyRSA, "7.1.20", Hardening, BadKey, "#sctn-alg-identifier", "an RSA key has a modulus of 2048 to 4096 bits and an odd exponent above 2", ""},
	}
}

func demandsOfStatement() []Demand {
	return []Demand{
		{CheckFormatKnown, "7.1.21", Reject, BadAttestation, "#sctn-attstn-fmt-ids", "fmt is a registered format, to the letter", ""},
		{CheckNoneEmpty, "7.1.22", Reject, BadAttestation, "#sctn-none-attestation", "a none statement is empty", ""},
		{CheckPackedAlg, "7.1.22", Reject, BadAttestation, "#sctn-packed-attestation", "alg of a packed statement is there and is that of the key that signs", ""},
		{CheckPackedSignature, "7.1.22", Reject, BadAttestation, "#sctn-packed-attestation", "sig of a packed statement verifies over authenticator data and client data hash", ""},
		{CheckPackedX5C, "7.1.22", Reject, BadAttestation, "#sctn-packed-attestation", "x5c is a list of at least one certificate that can be read", ""},
		{CheckPackedVersion, "7.1.22", Reject, BadAttestation, "#sctn-packed-attestation-cert-requirements", "the certificate is of version 3", ""},
		{CheckPackedSubject, "7.1.22", Reject, BadAttestation, "#sctn-packed-attestation-cert-requirements", "its subject has C, O, OU \"Authenticator Attestation\" and CN", ""},
		{CheckPackedCA, "7.1.22", Reject, BadAttestation, "#sctn-packed-attestation-cert-requirements", "it is not a CA", ""},
		{CheckPackedAAGUID, "7.1.22", Reject, BadAttestation, "#sctn-packed-attestation", "its AAGUID extension, if any, is the AAGUID of the authenticator data", ""},
		{CheckPackedAAGUIDCritical, "7.1.22", Reject, BadAttestation, "#sctn-packed-attestation-cert-requirements", "its AAGUID extension is not critical", ""},
		{CheckU2FX5C, "7.1.22", Reject, BadAttestation, "#sctn-fido-u2f-attestation", "x5c of fido-u2f holds exactly one certificate", ""},
		{CheckU2FCertificateKey, "7.1.22", Reject, BadAttestation, "#sctn-fido-u2f-attestation", "its key is on P-256", ""},
		{CheckU2FKey, "7.1.22", Reject, BadAttestation, "#sctn-fido-u2f-attestation", "the credential's key is on P-256", ""},
		{CheckU2FSignature, "7.1.22", Reject, BadAttestation, "#sctn-fido-u2f-attestation", "sig of fido-u2f verifies over its own message", ""},
		{CheckU2FAAGUID, "7.1.22", Hardening, BadAttestation, "#sctn-fido-u2f-attestation", "the AAGUID beside fido-u2f is zero", ""},
		{CheckTPMVersion, "7.1.22", Reject, BadAttestation, "#sctn-tpm-attestation", "ver is \"2.0\"", ""},
		{CheckTPMAlg, "7.1.22", Reject, BadAttestation, "#sctn-tpm-attestation", "alg of a TPM statement is there and is that of the AIK certificate's key", ""},
		{CheckTPMX5C, "7.1.22", Reject, BadAttestation, "#sctn-tpm-attestation", "x5c of a TPM statement is a list of at least one certificate that can be read", ""},
		{CheckTPMKey, "7.1.22", Reject, BadAttestation, "#sctn-tpm-attestation", "pubArea is the credential's key", ""},
		{CheckTPMMagic, "7.1.22", Reject, BadAttestation, "#sctn-tpm-attestation", "magic of certInfo is TPM_GENERATED_VALUE", ""},
		{CheckTPMType, "7.1.22", Reject, BadAttestation, "#sctn-tpm-attestation", "type of certInfo is TPM_ST_ATTEST_CERTIFY", ""},
		{CheckTPMExtraData, "7.1.22", Reject, BadAttestation, "#sctn-tpm-attestation", "extraData is the hash of authenticator data and client data hash", ""},
		{CheckTPMName, "7.1.22", Reject, BadAttestation, "#sctn-tpm-attestation", "the certified name is that of pubArea", ""},
		{CheckTPMSignature, "7.1.22", Reject, BadAttestation, "#sctn-tpm-attestation", "sig verifies over certInfo by the AIK certificate", ""},
		{CheckTPMVersion3, "7.1.22", Reject, BadAttestation, "#sctn-tpm-cert-requirements", "the AIK certificate is of version 3", ""},
		{CheckTPMSubject, "7.1.22", Reject, BadAttestation, "#sctn-tpm-cert-requirements", "its subject is empty", ""},
		{CheckTPMVendor, "7.1.22", Reject, BadAttestation, "#sctn-tpm-cert-requirements", "its subject alternative name tells the TPM's maker, model and version", ""},
		{CheckTPMUsage, "7.1.22", Reject, BadAttestation, "#sctn-tpm-cert-requirements", "its extended key usage is that of AIK certificates", ""},
		{CheckTPMCA, "7.1.22", Reject, BadAttestation, "#sctn-tpm-cert-requirements", "it is not a CA", ""},
		{CheckTPMAAGUID, "7.1.22", Reject, BadAttestation, "#sctn-tpm-attestation", "its AAGUID extension, if any, is the AAGUID of the authenticator data", ""},
		{CheckAndroidAlg, "7.1.22", Reject, BadAttestation, "#sctn-android-key-attestation", "alg of android-key is there and is that of the certificate's key", ""},
		{CheckAndroidX5C, "7.1.22", Reject, BadAttestation, "#sctn-android-key-attestation", "x5c of android-key is a list of at least one certificate that can be read", ""},
		{CheckAndroidSignature, "7.1.22", Reject, BadAttestation, "#sctn-android-key-attestation", "sig of android-key verifies by the certificate's key", ""},
		{CheckAndroidKey, "7.1.22", Reject, BadAttestation, "#sctn-android-key-attestation", "the certificate's key is the credential's key", ""},
		{CheckAndroidChallenge, "7.1.22", Reject, BadAttestation, "#sctn-android-key-attestation", "attestationChallenge is the client data hash", ""},
		{CheckAndroidApplications, "7.1.22", Reject, BadAttestation, "#sctn-key-attstn-cert-requirements", "allApplications is absent", ""},
		{CheckAndroidOrigin, "7.1.22", Reject, BadAttestation, "#sctn-key-attstn-cert-requirements", "origin is KM_ORIGIN_GENERATED", ""},
		{CheckAndroidPurpose, "7.1.22", Reject, BadAttestation, "#sctn-key-attstn-cert-requirements", "purpose is KM_PURPOSE_SIGN", ""},
		{CheckAppleX5C, "7.1.22", Reject, BadAttestation, "#sctn-apple-anonymous-attestation", "x5c of apple is a list of at least one certificate that can be read", ""},
		{CheckAppleNonce, "7.1.22", Reject, BadAttestation, "#sctn-apple-anonymous-attestation", "the certificate's nonce is the hash of authenticator data and client data hash", ""},
		{CheckAppleKey, "7.1.22", Reject, BadAttestation, "#sctn-apple-anonymous-attestation", "the certificate's key is the credential's key", ""},
		{CheckCompoundCount, "7.1.22", Reject, BadAttestation, "#sctn-compound-attestation", "a compound statement holds at least two", ""},
		{CheckCompoundEach, "7.1.22", Policy, BadAttestation, "#sctn-compound-attestation", "each of them is correct", ""},
		{CheckCompoundNested, "7.1.22", Reject, BadAttestation, "#sctn-compound-attestation", "none of them is compound", ""},
	}
}

func demandsOfTrust() []Demand {
	return []Demand{
		{CheckTrustChain, "7.1.24", Policy, Untrusted, "#reg-ceremony-attestation-trust-anchors", "the certificates lead to a trusted root", ""},
		{CheckTrustBegun, "7.1.24", Policy, Untrusted, "#reg-ceremony-attestation-trust-anchors", "none of them is not yet valid", ""},
		{CheckTrustEnded, "7.1.24", Policy, Untrusted, "#reg-ceremony-attestation-trust-anchors", "none of them is expired", ""},
		{CheckTrustNone, "7.1.24", Policy, Untrusted, "#sctn-attestation-types", "none and self attestation do not pass where a chain is demanded", ""},
	}
}

func demandsOfGet() []Demand {
	return []Demand{
		{CheckResponseIsAssertion, "7.2.3", Reject, Malformed, "#iface-authenticatorassertionresponse", "the response has a signature and authenticator data", ""},
		{CheckGetAllowed, "7.2.5", Reject, NoCredential, "#sctn-verifying-assertion", "the credential is one of those allowed", ""},
		{CheckGetKnown, "7.2.6", Reject, NoCredential, "#sctn-verifying-assertion", "the credential is known", ""},
		{CheckGetOwner, "7.2.6", Reject, NoCredential, "#sctn-verifying-assertion", "the credential is the user's that signs in", ""},
		{CheckGetHandle, "7.2.6", Reject, WrongHandle, "#dom-authenticatorassertionresponse-userhandle", "userHandle, if any, is that of the credential's user", ""},
		{CheckGetHandlePresent, "7.2.6", Reject, WrongHandle, "#dom-authenticatorassertionresponse-userhandle", "userHandle is there when the user was not named", ""},
		{CheckGetType, "7.2.10", Reject, WrongType, "#dom-collectedclientdata-type", "type is \"webauthn.get\"", ""},
		{CheckGetChallenge, "7.2.11", Reject, WrongChallenge, "#dom-collectedclientdata-challenge", "challenge is that of the options, to the letter", ""},
		{CheckGetOrigin, "7.2.12", Reject, WrongOrigin, "#rp-op-verifying-assertion-step-origin", "origin is one of those expected, to the letter", ""},
		{CheckGetCrossOrigin, "7.2.13", Reject, WrongOrigin, "#dom-collectedclientdata-crossorigin", "crossOrigin is false or absent where no framing is expected", ""},
		{CheckGetTopOrigin, "7.2.14", Reject, WrongOrigin, "#dom-collectedclientdata-toporigin", "topOrigin is absent, or expected", ""},
		{CheckGetDataLength, "7.2.7", Reject, Malformed, "#sctn-authenticator-data", "authenticator data has at least 37 bytes", ""},
		{CheckGetAttested, "7.2.7", Hardening, Malformed, "#authdata-flags-at", "flag AT and attested credential data go together", ""},
		{CheckGetExtensions, "7.2.7", Hardening, Malformed, "#authdata-extensions", "flag ED and extension data go together, and these are a map", ""},
		{CheckGetLeftover, "7.2.7", Hardening, Malformed, "#sctn-authenticator-data", "nothing is left over behind it", ""},
		{CheckGetRPID, "7.2.15", Reject, WrongRPID, "#rp-op-verifying-assertion-step-rpid-hash", "rpIdHash is the hash of the RP ID", ""},
		{CheckGetPresence, "7.2.16", Reject, NoTouch, "#authdata-flags-up", "flag UP is set", ""},
		{CheckGetVerification, "7.2.17", Reject, NotVerified, "#authdata-flags-uv", "flag UV is set where verification was required", ""},
		{CheckGetBackup, "7.2.18", Reject, BackupFlags, "#authdata-flags-bs", "flag BS is not set without BE", ""},
		{CheckGetEligible, "7.2.19", Policy, BackupFlags, "#authdata-flags-be", "flag BE is as it was at registration", ""},
		{CheckGetSignature, "7.2.21", Reject, BadSignature, "#sctn-verifying-assertion", "the signature verifies over authenticator data and client data hash", ""},
		{CheckGetCounter, "7.2.22", Policy, CounterBack, "#sctn-sign-counter", "the counter went up, or is zero as ever", ""},
	}
}

func demandsOfState() []Demand {
	return []Demand{
		{CheckStateCreateOnce, "7.1.8", Reject, Spent, "#sctn-cryptographic-challenges", "a registration's challenge serves once, whether it was accepted or refused", ""},
		{CheckStateGetOnce, "7.2.11", Reject, Spent, "#sctn-cryptographic-challenges", "a sign-in's challenge serves once, whether it was accepted or refused", ""},
		{CheckStateCreateTime, "7.1.8", Hardening, Expired, "#sctn-cryptographic-challenges", "a registration's challenge expires", ""},
		{CheckStateGetTime, "7.2.11", Hardening, Expired, "#sctn-cryptographic-challenges", "a sign-in's challenge expires", ""},
		{CheckStateCreateSession, "7.1.8", Reject, WrongSession, "#sctn-cryptographic-challenges", "a registration's challenge serves in the session it was made for", ""},
		{CheckStateGetSession, "7.2.11", Reject, WrongSession, "#sctn-cryptographic-challenges", "a sign-in's challenge serves in the session it was made for", ""},
		{CheckStatePurpose, "7.2.11", Reject, WrongSession, "#sctn-cryptographic-challenges", "a challenge serves in the ceremony it was made for", ""},
		{CheckStateDeleted, "7.2.6", Reject, NoCredential, "#sctn-verifying-assertion", "a deleted credential does not sign in", ""},
		{CheckStateDisabled, "7.2.6", Policy, Disabled, "#sctn-verifying-assertion", "a disabled user does not sign in", ""},
	}
}
