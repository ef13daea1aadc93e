// What this browser can do, on the page "Why can't I get in?".
const list = $('[data-check]');
if (list) {
  const native = f => !!f && /\[native code\]/.test(Function.prototype.toString.call(f));
  const P = window.PublicKeyCredential;
  const answer = (test, yes) => {
    const row = $(`[data-test="${test}"]`, list);
    for (const el of $$('[data-mark], [data-answer]', row)) {
      const of = el.dataset.mark ?? el.dataset.answer;
      el.hidden = of !== (yes ? 'yes' : 'no');
    }
  };
  answer('script', true);
  // a minute off: codes of an app are wrong then
  answer('clock', Math.abs(Date.now() - $('[data-now]', list).dataset.now) < 60000);
  answer('secure', isSecureContext);
  answer('key', canKey());
  answer('addon', !canKey() || (native(navigator.credentials.get) && native(navigator.credentials.create)));
  if (P && P.isConditionalMediationAvailable) P.isConditionalMediationAvailable().then(can => answer('autofill', can), () => answer('autofill', false));
  else answer('autofill', false);
}
