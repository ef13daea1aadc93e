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
  // Who answers in place of the browser leaves functions of his own, or properties on the very objects; and a browser of
  // today that has no keys at all has had them taken away. Of an old one, of an app's window or a page that is not
  // secure nothing can be said.
  const own = (o, ...names) => names.some(n => Object.prototype.hasOwnProperty.call(o, n));
  const c = navigator.credentials;
  if (canKey()) answer('addon', [c.get, c.create, P, Function.prototype.toString].every(native) &&
    !own(navigator, 'credentials') && !own(c, 'get', 'create'));
  else if (isSecureContext && 'today' in list.dataset) answer('addon', false);
  else $('[data-test="addon"]', list).hidden = true;
  const fill = can => answer('autofill', can);
  if (P?.isConditionalMediationAvailable) P.isConditionalMediationAvailable().then(fill, () => fill(false));
  else fill(false);
}
