package fault

// citations are the sentences that demand the checks, each behind its source, some of them shortened to what matters.
// Level 3 is Web Authentication Level 3.
func citations() map[Check]string {
	out := map[Check]string{}
	for _, list := range [][]citation{citedOfResponse(), citedOfData(), citedOfKey(), citedOfStatements(), citedOfGet(), citedOfState()} {
		for _, c := range list {
			for _, check := range c.checks {
				out[check] = c.source + ": " + c.sentence
			}
		}
	}
	return out
}

// A citation is one sentence and the checks that it demands.
type citation struct {
	source, sentence string
	checks           []Check
}

func citedOfResponse() []citation {
	one := func(source, sentence string, checks ...Check) citation { return citation{source, sentence, checks} }
	return []citation{
		one("RFC 8259 §2", "A JSON text is a serialized value.", CheckJSONObject),
		one("RFC 8259 §4", "The names within an object SHOULD be unique.", CheckJSONDuplicate, CheckClientDataDuplicate),
		one("Level 3 §7.1 step 27", "type: The value of credential.type.", CheckJSONType),
		one("Level 3 §7.1 step 27", "id: credential.id or credential.rawId, whichever format is preferred by the Relying Party.", CheckJSONID, CheckCreateIDMatch),
		one("Level 3 §5.1", "id: This attribute is inherited from Credential, though PublicKeyCredential overrides Credential's getter, "+
			"instead returning the base64url encoding of the data contained in the object's [[identifier]] internal slot.", CheckJSONRawID),
		one("RFC 4648 §3.3", "Implementations MUST reject the encoded data if it contains characters outside the base alphabet when interpreting "+
			"base-encoded data, unless the specification referring to this document explicitly states otherwise.", CheckJSONBytes),
		one("Level 3 §7.2 step 6", "If response.userHandle is present, verify that it equals the user handle of the user account.", CheckJSONHandle, CheckGetHandle),
		one("Level 3 §7.1 step 5", "Let JSONtext be the result of running UTF-8 decode on the value of response.clientDataJSON.", CheckClientDataPresent),
		one("Level 3 §7.1 step 6", "Let C, the client data claimed as collected during the credential creation, be the result of running an "+
			"implementation-specific JSON parser on JSONtext.", CheckClientDataJSON),
		one("Level 3 §7.1 step 7", "Verify that the value of C.type is webauthn.create.", CheckCreateType),
		one("Level 3 §7.1 step 8", "Verify that the value of C.challenge equals the base64url encoding of options.challenge.", CheckCreateChallenge),
		one("Level 3 §7.1 step 9", "Verify that the value of C.origin is an origin expected by the Relying Party.", CheckCreateOrigin),
		one("Level 3 §7.1 step 10", "If C.crossOrigin is present and set to true, verify that the Relying Party expects that this credential would "+
			"have been created within an iframe that is not same-origin with its ancestors.", CheckCreateCrossOrigin),
		one("Level 3 §7.1 step 11", "Verify that the value of C.topOrigin matches the origin of a page that the Relying Party expects to be "+
			"sub-framed within.", CheckCreateTopOrigin),
		one("Level 3 §7.1 step 12", "Let hash be the result of computing a hash over response.clientDataJSON using SHA-256.", CheckCreateHash),
		one("Level 3 §7.1 step 3", "If response is not an instance of AuthenticatorAttestationResponse, abort the ceremony with a user-visible error.",
			CheckResponseIsAttestation),
		one("Level 3 §7.1 step 13", "Perform CBOR decoding on the attestationObject field to obtain the attestation statement format fmt, the "+
			"authenticator data authData, and the attestation statement attStmt.",
			CheckAttestationCBOR, CheckAttestationFormat, CheckAttestationStatement, CheckAttestationAuthData),
		one("RFC 8949 §5.6", "A map that has duplicate keys may be well-formed, but it is not valid.", CheckAttestationDuplicate),
	}
}

func citedOfData() []citation {
	one := func(source, sentence string, checks ...Check) citation { return citation{source, sentence, checks} }
	return []citation{
		one("Level 3 §6.1", "The authenticator data structure is a byte array of 37 bytes or more.", CheckCreateDataLength, CheckGetDataLength),
		one("Level 3 §6.5.1", "Attested credential data is always present in any authenticator data that results from a create() operation.", CheckCreateAttested),
		one("Level 3 §6.5.1", "credentialIdLength: Byte length L of credentialId; credentialId: L bytes; credentialPublicKey: variable.", CheckCreateAttestedLength),
		one("Level 3 §6.1", "Bit 7: Extension data included (ED). Indicates if the authenticator data has extensions; extensions: a CBOR map.",
			CheckCreateExtensions, CheckGetExtensions),
		one("Level 3 §6.1", "The authenticator data has, in this order: rpIdHash, flags, signCount, attestedCredentialData (if present), extensions (if present).",
			CheckCreateLeftover, CheckGetLeftover),
		one("Level 3 §7.1 step 14", "Verify that the rpIdHash in authData is the SHA-256 hash of the RP ID expected by the Relying Party.", CheckCreateRPID),
		one("Level 3 §7.1 step 15", "Verify that the UP bit of the flags in authData is set.", CheckCreatePresence),
		one("Level 3 §7.1 step 16", "If the Relying Party requires user verification for this registration, verify that the UV bit of the flags in "+
			"authData is set.", CheckCreateVerification),
		one("Level 3 §7.1 step 17", "If the BE bit of the flags in authData is not set, verify that the BS bit is not set.", CheckCreateBackup),
		one("Level 3 §4", "Credential IDs are generated by authenticators in two forms: at least 16 bytes that include at least 100 bits of entropy, or "+
			"the credential source, encrypted.", CheckCreateIDEmpty),
		one("Level 3 §7.1 step 25", "Credential IDs larger than this many bytes SHOULD cause the RP to fail this registration ceremony.", CheckCreateIDLength),
		one("Level 3 §7.1 step 26", "If the credentialId is already known then the Relying Party SHOULD fail this registration ceremony.",
			CheckCreateIDNew, CheckCreateIDAgain),
	}
}

func citedOfKey() []citation {
	one := func(source, sentence string, checks ...Check) citation { return citation{source, sentence, checks} }
	return []citation{
		one("RFC 9052 §9", "Applications MUST NOT parse and process messages with the same label used twice as a key in a single map.", CheckKeyMap),
		one("Level 3 §6.5.1", "The COSE_Key-encoded credential public key MUST contain the \"alg\" parameter.", CheckKeyAlgorithm),
		one("Level 3 §6.5.1", "The COSE_Key-encoded credential public key MUST NOT contain any other OPTIONAL parameters.", CheckKeyOptional),
		one("Level 3 §7.1 step 20", "Verify that the \"alg\" parameter in the credential public key in authData matches the alg attribute of one of the "+
			"items in options.pubKeyCredParams.", CheckKeyOffered),
		one("RFC 9053 §7.1", "Applications MUST check that the curve and the key type are consistent and reject a key if they are not.", CheckKeyType),
		one("Level 3 §5.8.5", "Keys with algorithm -7 (ES256) MUST specify 1 (P-256) as the crv parameter and MUST NOT use the compressed point form.", CheckKeyCurve),
		one("RFC 9053 §7.1.1", "This contains the x-coordinate for the EC point. The integer is converted to a byte string as defined in [SEC1]. "+
			"Leading-zero octets MUST be preserved.", CheckKeyCoordinates),
		one("SEC 1 §3.2.2.1", "A public key is valid if it is not the point at infinity, its coordinates are in the field, and the point is on the curve.", CheckKeyOnCurve),
		one("RFC 8017 §3.1", "The RSA modulus n is a product of u distinct odd primes, and the RSA public exponent e is an integer between 3 and n - 1.", CheckKeyRSA),
	}
}

func citedOfStatements() []citation {
	one := func(source, sentence string, checks ...Check) citation { return citation{source, sentence, checks} }
	syntax := "Verify that attStmt is valid CBOR conforming to the syntax defined above and perform CBOR decoding on it to extract the contained fields."
	return []citation{
		one("Level 3 §7.1 step 21", "Determine the attestation statement format by performing a USASCII case-sensitive match on fmt against the set of "+
			"supported WebAuthn Attestation Statement Format Identifier values.", CheckFormatKnown),
		one("Level 3 §8.7", "$$attStmtType //= ( fmt: \"none\", attStmt: emptyMap ).", CheckNoneEmpty),
		one("Level 3 §8.2", "Validate that alg matches the algorithm of the credentialPublicKey in authenticatorData.", CheckPackedAlg),
		one("Level 3 §8.2", "Verify that sig is a valid signature over the concatenation of authenticatorData and clientDataHash.", CheckPackedSignature),
		one("Level 3 §8.2", syntax, CheckPackedX5C),
		one("Level 3 §8.2.1", "Version MUST be set to 3 (which is indicated by an ASN.1 INTEGER with value 2).", CheckPackedVersion),
		one("Level 3 §8.2.1", "Subject field MUST be set to: Subject-C, Subject-O, Subject-OU \"Authenticator Attestation\", Subject-CN.", CheckPackedSubject),
		one("Level 3 §8.2.1", "The Basic Constraints extension MUST have the CA component set to false.", CheckPackedCA),
		one("Level 3 §8.2", "If attestnCert contains an extension with OID 1.3.6.1.4.1.45724.1.1.4 verify that the value of this extension matches the "+
			"aaguid in authenticatorData.", CheckPackedAAGUID),
		one("Level 3 §8.2.1", "The extension MUST NOT be marked as critical.", CheckPackedAAGUIDCritical),
		one("Level 3 §8.6", "Check that x5c has exactly one element and let attCert be that element.", CheckU2FX5C),
		one("Level 3 §8.6", "If certificate public key is not an Elliptic Curve (EC) public key over the P-256 curve, terminate this algorithm and return "+
			"an appropriate error.", CheckU2FCertificateKey),
		one("Level 3 §8.6", "Convert the COSE_KEY formatted credentialPublicKey to Raw ANSI X9.62 public key format; if size differs, terminate this "+
			"algorithm and return an appropriate error.", CheckU2FKey),
		one("Level 3 §8.6", "Verify the sig using verificationData and the certificate public key.", CheckU2FSignature),
		one("CTAP 2.1 §7.1.4", "aaguid: Authenticator data of U2F registrations has an AAGUID of 16 zero bytes.", CheckU2FAAGUID),
		one("Level 3 §8.3", "tpmStmtFormat = { ver: \"2.0\", ... }.", CheckTPMVersion),
		one("Level 3 §8.3", syntax, CheckTPMAlg),
		one("Level 3 §8.3", "Verify that x5c is present.", CheckTPMX5C),
		one("Level 3 §8.3", "Verify that the public key specified by the parameters and unique fields of pubArea is identical to the "+
			"credentialPublicKey in the attestedCredentialData in authenticatorData.", CheckTPMKey),
		one("Level 3 §8.3", "Verify that magic is set to TPM_GENERATED_VALUE.", CheckTPMMagic),
		one("Level 3 §8.3", "Verify that type is set to TPM_ST_ATTEST_CERTIFY.", CheckTPMType),
		one("Level 3 §8.3", "Verify that extraData is set to the hash of attToBeSigned using the hash algorithm employed in \"alg\".", CheckTPMExtraData),
		one("Level 3 §8.3", "Verify that attested contains a TPMS_CERTIFY_INFO structure whose name field contains a valid Name for pubArea.", CheckTPMName),
		one("Level 3 §8.3", "Verify the sig is a valid signature over certInfo using the attestation public key in aikCert with the algorithm specified "+
			"in alg.", CheckTPMSignature),
		one("Level 3 §8.3.1", "Version MUST be set to 3.", CheckTPMVersion3),
		one("Level 3 §8.3.1", "Subject field MUST be set to empty.", CheckTPMSubject),
		one("Level 3 §8.3.1", "The Subject Alternative Name extension MUST be set as defined in [TPMv2-EK-Profile] section 3.2.9.", CheckTPMVendor),
		one("Level 3 §8.3.1", "The Extended Key Usage extension MUST contain the OID 2.23.133.8.3.", CheckTPMUsage),
		one("Level 3 §8.3.1", "The Basic Constraints extension MUST have the CA component set to false.", CheckTPMCA),
		one("Level 3 §8.3", "If aikCert contains an extension with OID 1.3.6.1.4.1.45724.1.1.4 verify that the value of this extension matches the "+
			"aaguid in authenticatorData.", CheckTPMAAGUID),
		one("Level 3 §8.4", syntax, CheckAndroidAlg, CheckAndroidX5C),
		one("Level 3 §8.4", "Verify that sig is a valid signature over the concatenation of authenticatorData and clientDataHash using the public key in "+
			"the first certificate in x5c with the algorithm specified in alg.", CheckAndroidSignature),
		one("Level 3 §8.4", "Verify that the public key in the first certificate in x5c matches the credentialPublicKey.", CheckAndroidKey),
		one("Level 3 §8.4", "Verify that the attestationChallenge field in the attestation certificate extension data is identical to clientDataHash.", CheckAndroidChallenge),
		one("Level 3 §8.4", "The AuthorizationList.allApplications field is not present on either authorization list.", CheckAndroidApplications),
		one("Level 3 §8.4", "The value in the AuthorizationList.origin field is equal to KM_ORIGIN_GENERATED.", CheckAndroidOrigin),
		one("Level 3 §8.4", "The value in the AuthorizationList.purpose field is equal to KM_PURPOSE_SIGN.", CheckAndroidPurpose),
		one("Level 3 §8.8", syntax, CheckAppleX5C),
		one("Level 3 §8.8", "Verify that nonce equals the value of the extension with OID 1.2.840.113635.100.8.2 in credCert.", CheckAppleNonce),
		one("Level 3 §8.8", "Verify that the credential public key equals the Subject Public Key of credCert.", CheckAppleKey),
		one("Level 3 §8.9", "attStmt: [2* nonCompoundAttStmt].", CheckCompoundCount, CheckCompoundNested),
		one("Level 3 §8.9", "If validation fails for one or more subStmt, decide the appropriate result based on Relying Party policy.", CheckCompoundEach),
		one("Level 3 §7.1 step 24", "Use the X.509 certificates returned as the attestation trust path to verify that the attestation public key either "+
			"correctly chains up to an acceptable root certificate, or is itself an acceptable certificate.", CheckTrustChain, CheckTrustBegun, CheckTrustEnded),
		one("Level 3 §7.1 step 24", "If no attestation was provided, verify that None attestation is acceptable under Relying Party policy.", CheckTrustNone),
	}
}

func citedOfGet() []citation {
	one := func(source, sentence string, checks ...Check) citation { return citation{source, sentence, checks} }
	return []citation{
		one("Level 3 §7.2 step 3", "If response is not an instance of AuthenticatorAssertionResponse, abort the ceremony with a user-visible error.",
			CheckResponseIsAssertion),
		one("Level 3 §7.2 step 5", "If options.allowCredentials is not empty, verify that credential.id identifies one of the public key credentials listed in "+
			"options.allowCredentials.", CheckGetAllowed),
		one("Level 3 §7.2 step 6", "Verify that the identified user account contains a credential record whose id equals credential.rawId.",
			CheckGetKnown, CheckGetOwner, CheckStateDeleted),
		one("Level 3 §7.2 step 6", "If the user was not identified before the authentication ceremony was initiated, verify that response.userHandle is "+
			"present.", CheckGetHandlePresent),
		one("Level 3 §7.2 step 10", "Verify that the value of C.type is the string webauthn.get.", CheckGetType),
		one("Level 3 §7.2 step 11", "Verify that the value of C.challenge equals the base64url encoding of options.challenge.", CheckGetChallenge),
		one("Level 3 §7.2 step 12", "Verify that the value of C.origin is an origin expected by the Relying Party.", CheckGetOrigin),
		one("Level 3 §7.2 step 13", "If C.crossOrigin is present and set to true, verify that the Relying Party expects this credential to be used within an "+
			"iframe that is not same-origin with its ancestors.", CheckGetCrossOrigin),
		one("Level 3 §7.2 step 14", "Verify that the value of C.topOrigin matches the origin of a page that the Relying Party expects to be sub-framed "+
			"within.", CheckGetTopOrigin),
		one("Level 3 §6.5.1", "It MUST be present in an authenticator data resulting from a get() operation if, and only if, the attestationObject attribute "+
			"is present in the assertion result.", CheckGetAttested),
		one("Level 3 §7.2 step 15", "Verify that the rpIdHash in authData is the SHA-256 hash of the RP ID expected by the Relying Party.", CheckGetRPID),
		one("Level 3 §7.2 step 16", "Verify that the UP bit of the flags in authData is set.", CheckGetPresence),
		one("Level 3 §7.2 step 17", "If the Relying Party requires user verification for this assertion, verify that the UV bit of the flags in authData is "+
			"set.", CheckGetVerification),
		one("Level 3 §7.2 step 18", "If the BE bit of the flags in authData is not set, verify that the BS bit is not set.", CheckGetBackup),
		one("Level 3 §7.2 step 19", "If the credential backup state is used as part of Relying Party business logic or policy, compare currentBe and "+
			"currentBs with credentialRecord.backupEligible and credentialRecord.backupState.", CheckGetEligible),
		one("Level 3 §7.2 step 21", "Using credentialRecord.publicKey, verify that sig is a valid signature over the binary concatenation of authData and "+
			"hash.", CheckGetSignature),
		one("Level 3 §7.2 step 22", "Whether the Relying Party updates credentialRecord.signCount below in this case, or not, or fails the authentication "+
			"ceremony or not, is Relying Party-specific.", CheckGetCounter),
	}
}

func citedOfState() []citation {
	one := func(source, sentence string, checks ...Check) citation { return citation{source, sentence, checks} }
	store := "The returned challenge value in the client's response MUST match what was generated. This SHOULD be done in a fashion that does not rely upon " +
		"a client's behavior, e.g., the Relying Party SHOULD store the challenge temporarily until the operation is complete."
	return []citation{
		one("Level 3 §13.4.3", store, CheckStateCreateOnce, CheckStateGetOnce, CheckStateCreateSession, CheckStateGetSession, CheckStatePurpose),
		one("Level 3 §13.4.3", "The challenge SHOULD be stored temporarily until the operation is complete.", CheckStateCreateTime, CheckStateGetTime),
		one("Level 3 §7.2 step 25", "If all the above steps are successful, continue with the authentication ceremony as appropriate.", CheckStateDisabled),
	}
}
