// Every page is complete without script, except the key itself. All words come from the page.
const $ = (s, at = document) => at.querySelector(s), $$ = (s, at = document) => [...at.querySelectorAll(s)];
for (const el of $$('[data-js]')) el.hidden = false;

// WebAuthn in JSON: the browser's own conversion where it has one, else the same by hand.
const bytes = s => Uint8Array.from(atob(s.replace(/-/g, '+').replace(/_/g, '/')), c => c.charCodeAt(0));
const text64 = b => btoa(String.fromCharCode(...new Uint8Array(b))).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
const canKey = () => !!(window.PublicKeyCredential && navigator.credentials && navigator.credentials.get);

function readOptions(create, json) {
  const o = JSON.parse(json), P = window.PublicKeyCredential;
  const native = create ? 'parseCreationOptionsFromJSON' : 'parseRequestOptionsFromJSON';
  if (P[native]) return P[native](o);
  const ids = list => (list || []).map(c => ({ ...c, id: bytes(c.id) }));
  o.challenge = bytes(o.challenge);
  if (create) {
    o.user = { ...o.user, id: bytes(o.user.id) };
    o.excludeCredentials = ids(o.excludeCredentials);
  } else o.allowCredentials = ids(o.allowCredentials);
  return o;
}

function writeResponse(c) {
  if (c.toJSON) try { return JSON.stringify(c.toJSON()); } catch (e) { /* an add-on's copy: by hand, then */ }
  const r = c.response, out = { clientDataJSON: text64(r.clientDataJSON) };
  if (r.attestationObject) {
    out.attestationObject = text64(r.attestationObject);
    out.transports = r.getTransports ? r.getTransports() : [];
  } else {
    out.authenticatorData = text64(r.authenticatorData);
    out.signature = text64(r.signature);
    if (r.userHandle) out.userHandle = text64(r.userHandle);
  }
  return JSON.stringify({ id: c.id, rawId: text64(c.rawId), type: c.type, response: out,
    authenticatorAttachment: c.authenticatorAttachment || undefined, clientExtensionResults: c.getClientExtensionResults() });
}

// A part of this page as it would be if it were opened now: a question that runs out is replaced where it stands.
const anew = async s => $(s, new DOMParser().parseFromString(await (await fetch(location.href)).text(), 'text/html'));

// One ceremony at a time: a new one, a form that is sent, or leaving the page ends the one that waits.
let ceremony;
const endCeremony = () => { if (ceremony) ceremony.abort(); ceremony = undefined; };
const newCeremony = () => { endCeremony(); return (ceremony = new AbortController()).signal; };
addEventListener('pagehide', endCeremony);
