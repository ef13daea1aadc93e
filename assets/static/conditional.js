// Sign-in without typing: a discoverable key or passkey offered in the browser's autofill of the first field.
const form = $('[data-conditional]');
if (form && canKey() && PublicKeyCredential.isConditionalMediationAvailable) {
  const other = $('form[data-words-form]');
  if (other) other.addEventListener('submit', endCeremony);
  PublicKeyCredential.isConditionalMediationAvailable().then(async can => {
    if (!can) return;
    const signal = newCeremony(), publicKey = readOptions(false, form.dataset.conditional);
    const c = await navigator.credentials.get({ publicKey, signal, mediation: 'conditional' });
    form.elements.response.value = writeResponse(c);
    form.submit();
  }).catch(() => { /* not taken up: the page's own form goes on */ });
}
