"""Verifies attestation objects with Debian's python3-fido2, which nobody here wrote.

Reads JSON from stdin: a list of {"object", "hash", "root"} in base64. Writes a list of {"type", "error"}: the
attestation type of one that verifies with its chain up to the root, or the name of what refused it.
"""

import json
import sys
from base64 import b64decode

from fido2.attestation import Attestation, verify_x509_chain

try:
    from fido2.ctap2 import AttestationObject  # 0.9
except ImportError:
    from fido2.webauthn import AttestationObject  # 1.0 and later


def judge(case):
    object = AttestationObject(b64decode(case["object"]))
    verifier = Attestation.for_type(object.fmt)()
    statement = object.att_stmt if hasattr(object, "att_stmt") else object.att_statement  # 1.0, 0.9
    result = verifier.verify(statement, object.auth_data, b64decode(case["hash"]))
    if result.trust_path:
        verify_x509_chain(list(result.trust_path) + [b64decode(case["root"])])
    return result.attestation_type.name


def answer(case):
    try:
        return {"type": judge(case)}
    except Exception as e:
        return {"error": type(e).__name__ + ": " + str(e)}


json.dump([answer(case) for case in json.load(sys.stdin)], sys.stdout)
