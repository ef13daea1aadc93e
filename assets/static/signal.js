// Tell the browser which keys and passkeys the account has, so that it offers no dead ones (WebAuthn Level 3, Signal API).
const at = $('[data-signals]'), P = window.PublicKeyCredential;
if (at && P) {
  const { rpId, unknown, userId, accepted, name, displayName } = JSON.parse(at.dataset.signals);
  const tell = (method, options) => { if (P[method]) P[method](options).catch(() => { /* advice only */ }); };
  if (unknown) tell('signalUnknownCredential', { rpId, credentialId: unknown });
  if (userId && accepted) tell('signalAllAcceptedCredentials', { rpId, userId, allAcceptedCredentialIds: accepted });
  if (userId && name) tell('signalCurrentUserDetails', { rpId, userId, name, displayName });
}
