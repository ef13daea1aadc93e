// Sign-in without typing: a discoverable key or passkey offered in the browser's autofill of the first field.
const form = $('[data-conditional]');
if (form && canKey() && PublicKeyCredential.isConditionalMediationAvailable) {
  const other = $('form[data-words-form]');
  if (other) other.addEventListener('submit', endCeremony);
  PublicKeyCredential.isConditionalMediationAvailable().then(async can => {
    if (!can) return;
    // The question lives for five minutes, the page longer: it gets a new one in time, for two hours.
    let left = 30, clock;
    const offer = async () => {
      const signal = newCeremony(), publicKey = readOptions(false, form.dataset.conditional);
      clearTimeout(clock);
      clock = setTimeout(renew, 4 * 60 * 1000);
      const c = await navigator.credentials.get({ publicKey, signal, mediation: 'conditional' });
      clearTimeout(clock);
      form.elements.response.value = writeResponse(c);
      form.submit();
    };
    const renew = async back => {
      if (left-- <= 0) return;
      const next = await anew('[data-conditional]');
      if (!next || !(ceremony || back === true)) return; // by now the form is on its way
      form.dataset.conditional = next.dataset.conditional;
      form.elements.ceremony.value = next.elements.ceremony.value;
      offer().catch(() => { /* not taken up */ });
    };
    addEventListener('pageshow', e => { if (e.persisted) renew(true).catch(() => { /* as it was */ }); });
    await offer();
  }).catch(() => { /* not taken up: the page's own form goes on */ });
}
