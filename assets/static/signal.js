// Tell the browser which keys and passkeys the account has, so that it offers no dead ones (WebAuthn Level 3, Signal API).
const at = $('[data-signals]'), P = window.PublicKeyCredential;
if (at && P) {
  const { rpId, userId, accepted, unknown } = JSON.parse(at.dataset.signals);
  const options = { rpId, userId, allAcceptedCredentialIds: accepted };
  if (unknown && P.signalUnknownCredential) P.signalUnknownCredential({ rpId, credentialId: unknown }).catch(() => { /* likewise */ });
  if (userId && P.signalAllAcceptedCredentials) P.signalAllAcceptedCredentials(options).catch(() => { /* advice only */ });
}
