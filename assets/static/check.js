// What this browser can do, on the page "Why can't I get in?".
const list = $('[data-check]');
if (list) {
  const native = f => !!f && /\[native code\]/.test(Function.prototype.toString.call(f));
  const P = window.PublicKeyCredential;
  const found = $('[data-found]').elements;
  const answer = (test, yes) => {
    const said = found[test].value = yes ? 'yes' : 'no';
    for (const el of $$('[data-mark], [data-answer]', $(`[data-test="${test}"]`, list)))
      el.hidden = (el.dataset.mark ?? el.dataset.answer) !== said;
  };
  answer('script', true);
  const ahead = Date.now() - $('[data-now]', list).dataset.now;
  found.ahead.value = Math.round(ahead / 1000);
  answer('clock', Math.abs(ahead) < 60000); // app codes
  answer('secure', isSecureContext);
  answer('key', canKey());
  answer('addon', !canKey() || (native(navigator.credentials.get) && native(navigator.credentials.create)));
  const fill = can => answer('autofill', can);
  if (P?.isConditionalMediationAvailable) P.isConditionalMediationAvailable().then(fill, () => fill(false));
  else fill(false);
}
