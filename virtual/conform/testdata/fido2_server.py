"""A relying party on python3-fido2's Fido2Server, by the interface of the FIDO conformance tools. It prints its port."""

import json
import os
import secrets
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from fido2.client import ClientData
from fido2.ctap2 import AttestationObject, AuthenticatorData
from fido2.server import Fido2Server
from fido2.utils import websafe_decode, websafe_encode
from fido2.webauthn import PublicKeyCredentialRpEntity

users = {}  # name -> {"id", "credentials"}
sessions = {}  # cookie -> {"user", "state"}
origin = []
server = Fido2Server(PublicKeyCredentialRpEntity("localhost", "Example"), verify_origin=lambda o: o == origin[0])


def opened(session):
    """The state of the session's open ceremony, once."""
    if "state" not in session:
        raise ValueError("no open ceremony")
    return session.pop("state")


def plain(value):
    """Options as JSON has them."""
    if isinstance(value, bytes):
        return websafe_encode(value)
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items() if v is not None}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    return getattr(value, "value", value)


def creation(session, body):
    user = users.setdefault(body["username"], {"id": os.urandom(16), "credentials": []})
    options, state = server.register_begin(
        {"id": user["id"], "name": body["username"], "displayName": body["displayName"]},
        user["credentials"], user_verification=body["authenticatorSelection"]["userVerification"])
    session.update(user=user, state=state)
    return plain(options["publicKey"])


def register(session, body):
    response, state = body["response"], opened(session)
    data = server.register_complete(
        state, ClientData(websafe_decode(response["clientDataJSON"])),
        AttestationObject(websafe_decode(response["attestationObject"])))
    session["user"]["credentials"].append(data.credential_data)
    return {}


def request(session, body):
    user = users[body["username"]]
    options, state = server.authenticate_begin(user["credentials"], body["userVerification"])
    session.update(user=user, state=state)
    return plain(options["publicKey"])


def sign_in(session, body):
    response, state = body["response"], opened(session)
    server.authenticate_complete(
        state, session["user"]["credentials"], websafe_decode(body["id"]),
        ClientData(websafe_decode(response["clientDataJSON"])),
        AuthenticatorData(websafe_decode(response["authenticatorData"])), websafe_decode(response["signature"]))
    return {}


routes = {"/attestation/options": creation, "/attestation/result": register,
          "/assertion/options": request, "/assertion/result": sign_in}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 65536  # one packet an answer

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        cookie = self.headers.get("Cookie", "").removeprefix("session=") or secrets.token_hex(8)
        try:
            out, status = routes[self.path](sessions.setdefault(cookie, {}), json.loads(body)), 200
            out.update(status="ok", errorMessage="")
        except Exception as e:
            out, status = {"status": "failed", "errorMessage": f"{type(e).__name__}: {e}"}, 400
        text = json.dumps(out).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.send_header("Set-Cookie", f"session={cookie}; Path=/")
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *args):
        pass


http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
origin.append(f"http://localhost:{http.server_port}")
print(http.server_port, flush=True)
http.serve_forever()
