package fault

// A Check names one thing that a relying party verifies. A relying party that makes all of them is correct; one that
// leaves one out lets exactly the faults through that name it.
type Check string

// Of the JSON of the response (§5.1), in both ceremonies:
const (
	CheckJSONObject    Check = "json-object"    // 5.1: the response is one JSON object, nothing before or behind
	CheckJSONDuplicate Check = "json-duplicate" // 5.1: no member occurs twice, at any depth
	CheckJSONType      Check = "json-type"      // 5.1: type is "public-key"
	CheckJSONID        Check = "json-id"        // 5.1: id is there and is a string of base64url
	CheckJSONRawID     Check = "json-raw-id"    // 5.1: rawId is there and is the bytes that id encodes
	// 5.1: byte strings are base64url without padding, line breaks or stray bits
	CheckJSONBytes  Check = "json-bytes"
	CheckJSONHandle Check = "json-handle" // 5.1: userHandle is absent, null or a byte string of at most 64 bytes
)

// Of the client data of both ceremonies:
const (
	CheckClientDataPresent   Check = "client-data-present"   // 7.1.5: clientDataJSON is there
	CheckClientDataJSON      Check = "client-data-json"      // 7.1.6: it is one JSON object, nothing behind it
	CheckClientDataDuplicate Check = "client-data-duplicate" // 7.1.6: no member of it occurs twice
	CheckCreateType          Check = "create-type"           // 7.1.7: type is "webauthn.create"
	CheckCreateChallenge     Check = "create-challenge"      // 7.1.8: challenge is that of the options, to the letter
	CheckCreateOrigin        Check = "create-origin"         // 7.1.9: origin is one of those expected, to the letter
	// 7.1.10: crossOrigin is false or absent where no framing is expected
	CheckCreateCrossOrigin Check = "create-cross-origin"
	CheckCreateTopOrigin   Check = "create-top-origin" // 7.1.11: topOrigin is absent, or expected
	CheckCreateHash        Check = "create-hash"       // 7.1.12: the hash is over the client data that was sent
)

// Of the attestation object:
const (
	CheckResponseIsAttestation Check = "response-is-attestation" // 7.1.3: the response has an attestation object
	// 7.1.13: it is one well-formed CBOR map, nothing behind it
	CheckAttestationCBOR      Check = "attestation-cbor"
	CheckAttestationDuplicate Check = "attestation-duplicate" // 7.1.13: no key of it occurs twice
	CheckAttestationFormat    Check = "attestation-format"    // 7.1.13: fmt is there and is a text
	CheckAttestationStatement Check = "attestation-statement" // 7.1.13: attStmt is there and is a map
	CheckAttestationAuthData  Check = "attestation-auth-data" // 7.1.13: authData is there and is a byte string
)

// Of the authenticator data of registrations:
const (
	CheckCreateDataLength     Check = "create-data-length"     // 7.1.13: authenticator data has at least 37 bytes
	CheckCreateAttested       Check = "create-attested"        // 7.1.13: flag AT is set
	CheckCreateAttestedLength Check = "create-attested-length" // 7.1.13: attested credential data is whole
	// 7.1.13: flag ED and extension data go together, and these are a map
	CheckCreateExtensions   Check = "create-extensions"
	CheckCreateLeftover     Check = "create-leftover"     // 7.1.13: nothing is left over behind it
	CheckCreateRPID         Check = "create-rp-id"        // 7.1.14: rpIdHash is the hash of the RP ID
	CheckCreatePresence     Check = "create-presence"     // 7.1.15: flag UP is set
	CheckCreateVerification Check = "create-verification" // 7.1.16: flag UV is set where verification was required
	CheckCreateBackup       Check = "create-backup"       // 7.1.17: flag BS is not set without BE
	// 7.1.25: the credential id in authenticator data is the one of the response
	CheckCreateIDMatch  Check = "create-id-match"
	CheckCreateIDEmpty  Check = "create-id-empty"  // 6.5.1: the credential id is not empty
	CheckCreateIDLength Check = "create-id-length" // 7.1.25: the credential id has at most 1023 bytes
	CheckCreateIDNew    Check = "create-id-new"    // 7.1.26: the credential id is registered to nobody else
	// 7.1.26: the credential id is not registered to the same user already
	CheckCreateIDAgain Check = "create-id-again"
)

// Of the COSE key:
const (
	CheckKeyMap       Check = "key-map"       // 6.5.1.1: it is a CBOR map with no key twice
	CheckKeyAlgorithm Check = "key-algorithm" // 6.5.1.1: alg is there and is a number
	CheckKeyOptional  Check = "key-optional"  // 6.5.1: it has no entries that it need not have
	CheckKeyOffered   Check = "key-offered"   // 7.1.20: alg is one of those offered
	CheckKeyType      Check = "key-type"      // 6.5.1.1: kty is that of alg
	CheckKeyCurve     Check = "key-curve"     // 6.5.1.1: crv is that of alg
	// 6.5.1.1: x and y are byte strings of the length of the field, neither compressed nor cut
	CheckKeyCoordinates Check = "key-coordinates"
	CheckKeyOnCurve     Check = "key-on-curve" // 6.5.1.1: the point is on the curve
	// 6.5.1.1: an RSA key has a modulus of 2048 to 4096 bits and an odd exponent above 2
	CheckKeyRSA Check = "key-rsa"
)

// Of attestation statements:
const (
	CheckFormatKnown Check = "format-known" // 7.1.21: fmt is a registered format, to the letter
	CheckNoneEmpty   Check = "none-empty"   // 8.7: a none statement is empty
	// 8.2: alg of a packed statement is there and is that of the key that signs
	CheckPackedAlg Check = "packed-alg"
	// 8.2: sig of a packed statement verifies over authenticator data and client data hash
	CheckPackedSignature Check = "packed-signature"
	// 8.2: x5c is a list of at least one certificate that can be read
	CheckPackedX5C     Check = "packed-x5c"
	CheckPackedVersion Check = "packed-version" // 8.2.1: the certificate is of version 3
	// 8.2.1: its subject has C, O, OU "Authenticator Attestation" and CN
	CheckPackedSubject Check = "packed-subject"
	CheckPackedCA      Check = "packed-ca" // 8.2.1: it is not a CA
	// 8.2: its AAGUID extension, if any, is the AAGUID of the authenticator data
	CheckPackedAAGUID         Check = "packed-aaguid"
	CheckPackedAAGUIDCritical Check = "packed-aaguid-critical" // 8.2.1: its AAGUID extension is not critical
	CheckU2FX5C               Check = "u2f-x5c"                // 8.6: x5c of fido-u2f holds exactly one certificate
	CheckU2FCertificateKey    Check = "u2f-certificate-key"    // 8.6: its key is on P-256
	CheckU2FKey               Check = "u2f-key"                // 8.6: the credential's key is on P-256
	CheckU2FSignature         Check = "u2f-signature"          // 8.6: sig of fido-u2f verifies over its own message
	CheckU2FAAGUID            Check = "u2f-aaguid"             // 8.6: the AAGUID beside fido-u2f is zero
	CheckTPMVersion           Check = "tpm-version"            // 8.3: ver is "2.0"
	// 8.3: alg of a TPM statement is there and is that of the AIK certificate's key
	CheckTPMAlg Check = "tpm-alg"
	// 8.3: x5c of a TPM statement is a list of at least one certificate that can be read
	CheckTPMX5C   Check = "tpm-x5c"
	CheckTPMKey   Check = "tpm-key"   // 8.3: pubArea is the credential's key
	CheckTPMMagic Check = "tpm-magic" // 8.3: magic of certInfo is TPM_GENERATED_VALUE
	CheckTPMType  Check = "tpm-type"  // 8.3: type of certInfo is TPM_ST_ATTEST_CERTIFY
	// 8.3: extraData is the hash of authenticator data and client data hash
	CheckTPMExtraData Check = "tpm-extra-data"
	CheckTPMName      Check = "tpm-name"                // 8.3: the certified name is that of pubArea
	CheckTPMSignature Check = "tpm-signature"           // 8.3: sig verifies over certInfo by the AIK certificate
	CheckTPMVersion3  Check = "tpm-certificate-version" // 8.3.1: the AIK certificate is of version 3
	CheckTPMSubject   Check = "tpm-subject"             // 8.3.1: its subject is empty
	// 8.3.1: its subject alternative name tells the TPM's maker, model and version
	CheckTPMVendor Check = "tpm-vendor"
	CheckTPMUsage  Check = "tpm-usage" // 8.3.1: its extended key usage is that of AIK certificates
	CheckTPMCA     Check = "tpm-ca"    // 8.3.1: it is not a CA
	// 8.3: its AAGUID extension, if any, is the AAGUID of the authenticator data
	CheckTPMAAGUID Check = "tpm-aaguid"
	// 8.4: alg of android-key is there and is that of the certificate's key
	CheckAndroidAlg Check = "android-alg"
	// 8.4: x5c of android-key is a list of at least one certificate that can be read
	CheckAndroidX5C          Check = "android-x5c"
	CheckAndroidSignature    Check = "android-signature"    // 8.4: sig of android-key verifies by the certificate's key
	CheckAndroidKey          Check = "android-key"          // 8.4: the certificate's key is the credential's key
	CheckAndroidChallenge    Check = "android-challenge"    // 8.4: attestationChallenge is the client data hash
	CheckAndroidApplications Check = "android-applications" // 8.4: allApplications is absent
	CheckAndroidOrigin       Check = "android-origin"       // 8.4: origin is KM_ORIGIN_GENERATED
	CheckAndroidPurpose      Check = "android-purpose"      // 8.4: purpose is KM_PURPOSE_SIGN
	// 8.8: x5c of apple is a list of at least one certificate that can be read
	CheckAppleX5C Check = "apple-x5c"
	// 8.8: the certificate's nonce is the hash of authenticator data and client data hash
	CheckAppleNonce     Check = "apple-nonce"
	CheckAppleKey       Check = "apple-key"       // 8.8: the certificate's key is the credential's key
	CheckCompoundCount  Check = "compound-count"  // 8.9: a compound statement holds at least two
	CheckCompoundEach   Check = "compound-each"   // 8.9: each of them is correct
	CheckCompoundNested Check = "compound-nested" // 8.9: none of them is compound
)

// Of trust in attestation:
const (
	CheckTrustChain Check = "trust-chain" // 7.1.24: the certificates lead to a trusted root
	CheckTrustBegun Check = "trust-begun" // 7.1.24: none of them is not yet valid
	CheckTrustEnded Check = "trust-ended" // 7.1.24: none of them is expired
	CheckTrustNone  Check = "trust-none"  // 7.1.24: none and self attestation do not pass where a chain is demanded
)

// Of the authentication ceremony:
const (
	// 7.2.3: the response has a signature and authenticator data
	CheckResponseIsAssertion Check = "response-is-assertion"
	CheckGetAllowed          Check = "get-allowed"        // 7.2.5: the credential is one of those allowed
	CheckGetKnown            Check = "get-known"          // 7.2.6: the credential is known
	CheckGetOwner            Check = "get-owner"          // 7.2.6: the credential is the user's that signs in
	CheckGetHandle           Check = "get-handle"         // 7.2.6: userHandle, if any, is that of the credential's user
	CheckGetHandlePresent    Check = "get-handle-present" // 7.2.6: userHandle is there when the user was not named
	CheckGetType             Check = "get-type"           // 7.2.10: type is "webauthn.get"
	CheckGetChallenge        Check = "get-challenge"      // 7.2.11: challenge is that of the options, to the letter
	CheckGetOrigin           Check = "get-origin"         // 7.2.12: origin is one of those expected, to the letter
	// 7.2.13: crossOrigin is false or absent where no framing is expected
	CheckGetCrossOrigin  Check = "get-cross-origin"
	CheckGetTopOrigin    Check = "get-top-origin"   // 7.2.14: topOrigin is absent, or expected
	CheckGetDataLength   Check = "get-data-length"  // 7.2.7: authenticator data has at least 37 bytes
	CheckGetAttested     Check = "get-attested"     // 6.1: flag AT and attested credential data go together
	CheckGetExtensions   Check = "get-extensions"   // 6.1: flag ED and extension data go together, and these are a map
	CheckGetLeftover     Check = "get-leftover"     // 6.1: nothing is left over behind it
	CheckGetRPID         Check = "get-rp-id"        // 7.2.15: rpIdHash is the hash of the RP ID
	CheckGetPresence     Check = "get-presence"     // 7.2.16: flag UP is set
	CheckGetVerification Check = "get-verification" // 7.2.17: flag UV is set where verification was required
	CheckGetBackup       Check = "get-backup"       // 7.2.18: flag BS is not set without BE
	CheckGetEligible     Check = "get-eligible"     // 7.2.19: flag BE is as it was at registration
	// 7.2.21: the signature verifies over authenticator data and client data hash
	CheckGetSignature Check = "get-signature"
	CheckGetCounter   Check = "get-counter" // 7.2.22: the counter went up, or is zero as ever
)

// Of the state between requests:
const (
	// 13.4.3: a registration's challenge serves once, whether it was accepted or refused
	CheckStateCreateOnce Check = "state-create-once"
	// 13.4.3: a sign-in's challenge serves once, whether it was accepted or refused
	CheckStateGetOnce    Check = "state-get-once"
	CheckStateCreateTime Check = "state-create-time" // 7.1.8: a registration's challenge expires
	CheckStateGetTime    Check = "state-get-time"    // 7.2.11: a sign-in's challenge expires
	// 7.1.8: a registration's challenge serves in the session it was made for
	CheckStateCreateSession Check = "state-create-session"
	// 7.2.11: a sign-in's challenge serves in the session it was made for
	CheckStateGetSession Check = "state-get-session"
	CheckStatePurpose    Check = "state-purpose"  // 7.2.11: a challenge serves in the ceremony it was made for
	CheckStateDeleted    Check = "state-deleted"  // 7.2.6: a deleted credential does not sign in
	CheckStateDisabled   Check = "state-disabled" // 7.2.6: a disabled user does not sign in
)
