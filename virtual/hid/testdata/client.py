"""Plays a browser and a key manager to a CTAPHID device over TCP, with Debian's python3-fido2.

    client.py PORT

The device is new, has no PIN yet, stores discoverable credentials and is touched at once, except for waiting.example,
where nobody ever touches it. Every scene that holds prints its name; the first that does not ends the program.
"""

import os
import socket
import sys
import threading
from hashlib import sha256

from fido2.attestation import Attestation
from fido2.ctap import CtapError
from fido2.ctap1 import APDU, ApduError, Ctap1
from fido2.ctap2 import ClientPin, CredentialManagement, Ctap2, PinProtocolV1, PinProtocolV2
from fido2.hid import CAPABILITY, CtapHidDevice
from fido2.hid.base import CtapHidConnection, HidDescriptor

ES256 = [{"type": "public-key", "alg": -7}]
SHOP = {"id": "shop.example", "name": "Shop"}
LI = {"id": b"li", "name": "li@shop.example", "displayName": "Li"}
WANG = {"id": b"wang", "name": "wang@shop.example", "displayName": "Wang"}
PERMISSION = ClientPin.PERMISSION
STATUS_UPNEEDED = 2


class TCP(CtapHidConnection):
    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port))

    def write_packet(self, data):
        self.socket.sendall(data)

    def read_packet(self):
        return self.socket.recv(64, socket.MSG_WAITALL)

    def close(self):
        self.socket.close()


def connect():
    return CtapHidDevice(HidDescriptor("tcp", 0, 0, 64, 64), TCP(int(sys.argv[1])))


def refused(code, call, *args, **kwargs):
    try:
        call(*args, **kwargs)
    except CtapError as e:
        assert e.code == code, "got %s, want %s" % (e, code)
    except ApduError as e:
        assert e.code == code, "got %s, want %s" % (e, code)
    else:
        raise AssertionError("got no refusal, want %s" % code)


class Play:
    def __init__(self):
        self.device = connect()
        self.ctap = Ctap2(self.device)  # strict: refuses CBOR that is not canonical
        self.hash = os.urandom(32)

    def authorise(self, permissions, rp=None, pin="135790"):
        """Returns the pinUvAuthParam arguments of a request."""
        client = ClientPin(self.ctap)
        token = client.get_pin_token(pin, permissions, rp)
        return {
            "pin_uv_param": client.protocol.authenticate(token, self.hash),
            "pin_uv_protocol": client.protocol.VERSION,
        }

    def make(self, user, resident=False, exclude=None):
        proof = self.authorise(PERMISSION.MAKE_CREDENTIAL, SHOP["id"])
        options = {"rk": True} if resident else None
        return self.ctap.make_credential(self.hash, SHOP, user, ES256, exclude, None, options, **proof)

    def channel(self):
        assert self.device.version == 2
        assert self.device.capabilities == CAPABILITY.WINK | CAPABILITY.CBOR, self.device.capabilities
        assert self.device.device_version == (1, 2, 3), self.device.device_version

    def ping(self):
        for size in (0, 1, 57, 58, 1000, 7609):
            data = os.urandom(size)
            assert self.device.ping(data) == data

    def wink(self):
        self.device.wink()

    def lock(self):
        other = connect()
        self.device.lock(10)
        refused(CtapError.ERR.CHANNEL_BUSY, other.ping)
        self.device.lock(0)
        assert other.ping(b"free") == b"free"
        other.close()

    def info(self):
        info = self.ctap.get_info()
        assert {"FIDO_2_1", "U2F_V2"} <= set(info.versions), info.versions
        assert info.options["rk"] and info.options["clientPin"] is False and info.options["credMgmt"], info.options
        assert set(info.pin_uv_protocols) == {1, 2}

    def pin(self):
        client = ClientPin(self.ctap, PinProtocolV2())
        refused(CtapError.ERR.PIN_NOT_SET, client.get_pin_token, "135790", PERMISSION.GET_ASSERTION, SHOP["id"])
        client.set_pin("246802")
        assert self.ctap.get_info().options["clientPin"] is True
        ClientPin(self.ctap, PinProtocolV1()).change_pin("246802", "135790")

    def wrong_pin(self):
        client = ClientPin(self.ctap)
        assert client.get_pin_retries()[0] == 8
        refused(CtapError.ERR.PIN_INVALID, client.get_pin_token, "000000", PERMISSION.GET_ASSERTION, SHOP["id"])
        assert client.get_pin_retries()[0] == 7
        refused(CtapError.ERR.PIN_INVALID, client.get_pin_token, "246802", PERMISSION.GET_ASSERTION, SHOP["id"])
        assert client.get_pin_retries()[0] == 6
        client.get_pin_token("135790", PERMISSION.GET_ASSERTION, SHOP["id"])
        assert client.get_pin_retries()[0] == 8

    def register(self):
        made = self.make(LI)
        data = made.auth_data
        assert data.rp_id_hash == sha256(b"shop.example").digest()
        assert data.is_user_present() and data.is_user_verified() and data.is_attested()
        Attestation.for_type(made.fmt)().verify(made.att_statement, data, self.hash)
        self.credential = data.credential_data
        known = [{"type": "public-key", "id": self.credential.credential_id}]
        refused(CtapError.ERR.CREDENTIAL_EXCLUDED, self.make, LI, exclude=known)

    def assertion(self):
        allow = [{"type": "public-key", "id": self.credential.credential_id}]
        proof = self.authorise(PERMISSION.GET_ASSERTION, SHOP["id"])
        got = self.ctap.get_assertion(SHOP["id"], self.hash, allow, **proof)
        got.verify(self.hash, self.credential.public_key)
        assert got.auth_data.is_user_verified()
        again = self.ctap.get_assertion(SHOP["id"], self.hash, allow)
        again.verify(self.hash, self.credential.public_key)
        assert again.auth_data.is_user_present() and not again.auth_data.is_user_verified()
        assert again.auth_data.counter > got.auth_data.counter
        refused(CtapError.ERR.NO_CREDENTIALS, self.ctap.get_assertion, "other.example", self.hash, allow)

    def resident(self):
        keys = [self.make(user, resident=True).auth_data.credential_data for user in (LI, WANG)]
        proof = self.authorise(PERMISSION.GET_ASSERTION, SHOP["id"])
        got = self.ctap.get_assertions(SHOP["id"], self.hash, **proof)
        assert [a.user["id"] for a in got] == [WANG["id"], LI["id"]], "the newest comes first"
        for a, key in zip(got, reversed(keys)):
            assert a.credential["id"] == key.credential_id
            a.verify(self.hash, key.public_key)

    def manager(self):
        client = ClientPin(self.ctap)
        token = client.get_pin_token("135790", PERMISSION.CREDENTIAL_MGMT)
        return CredentialManagement(self.ctap, client.protocol, token)

    def management(self):
        result = CredentialManagement.RESULT
        manager = self.manager()
        assert manager.get_metadata()[result.EXISTING_CRED_COUNT] == 2
        (rp,) = manager.enumerate_rps()
        assert rp[result.RP]["id"] == SHOP["id"]
        found = manager.enumerate_creds(rp[result.RP_ID_HASH])
        assert {c[result.USER]["id"] for c in found} == {LI["id"], WANG["id"]}
        for c in found:
            if c[result.USER]["id"] == LI["id"]:
                manager.delete_cred(c[result.CREDENTIAL_ID])
        manager = self.manager()
        assert manager.get_metadata()[result.EXISTING_CRED_COUNT] == 1
        (left,) = manager.enumerate_creds(rp[result.RP_ID_HASH])
        assert left[result.USER]["id"] == WANG["id"]

    def wait(self, event, on_keepalive):
        """Registers where nobody ever touches, until event is set."""
        waiting = {"id": "waiting.example", "name": "Waiting"}
        proof = self.authorise(PERMISSION.MAKE_CREDENTIAL, waiting["id"])
        refused(
            CtapError.ERR.KEEPALIVE_CANCEL, self.ctap.make_credential, self.hash, waiting, LI, ES256,
            event=event, on_keepalive=on_keepalive, **proof
        )

    def cancel(self):
        event, statuses = threading.Event(), []

        def on_keepalive(status):
            statuses.append(status)
            if status == STATUS_UPNEEDED:
                event.set()

        self.wait(event, on_keepalive)
        assert statuses[-1] == STATUS_UPNEEDED, statuses
        assert self.ctap.get_info().options["clientPin"] is True

    def busy(self):
        waits, over = threading.Event(), threading.Event()
        waiter = threading.Thread(target=self.wait, args=(over, lambda status: waits.set()), daemon=True)
        other = connect()
        waiter.start()
        assert waits.wait(30)
        refused(CtapError.ERR.CHANNEL_BUSY, other.ping)
        over.set()
        waiter.join(30)
        assert not waiter.is_alive()
        assert other.ping(b"free") == b"free"
        other.close()

    def u2f(self):
        u2f, app = Ctap1(self.device), sha256(b"https://shop.example").digest()
        assert u2f.get_version() == "U2F_V2"
        made = u2f.register(self.hash, app)
        made.verify(app, self.hash)
        counters = []
        for _ in range(2):
            got = u2f.authenticate(self.hash, app, made.key_handle)
            got.verify(app, self.hash, made.public_key)
            assert got.user_presence == 1
            counters.append(got.counter)
        assert counters[1] > counters[0], counters
        refused(APDU.USE_NOT_SATISFIED, u2f.authenticate, self.hash, app, made.key_handle, check_only=True)
        refused(APDU.WRONG_DATA, u2f.authenticate, self.hash, sha256(b"other").digest(), made.key_handle)

    def pin_lock(self):
        client = ClientPin(self.ctap)
        for code in (CtapError.ERR.PIN_INVALID, CtapError.ERR.PIN_INVALID, CtapError.ERR.PIN_AUTH_BLOCKED):
            refused(code, client.get_pin_token, "000000", PERMISSION.GET_ASSERTION, SHOP["id"])
        refused(
            CtapError.ERR.PIN_AUTH_BLOCKED, client.get_pin_token, "135790", PERMISSION.GET_ASSERTION, SHOP["id"]
        )

    def reset(self):
        self.ctap.reset()
        assert self.ctap.get_info().options["clientPin"] is False
        refused(CtapError.ERR.NO_CREDENTIALS, self.ctap.get_assertion, SHOP["id"], self.hash)


SCENES = (
    "channel ping wink lock info pin wrong_pin register assertion resident management cancel busy u2f pin_lock reset"
)

play = Play()
for scene in SCENES.split():
    getattr(play, scene)()
    print(scene, flush=True)
play.device.close()
