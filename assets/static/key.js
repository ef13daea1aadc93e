// The key's panel: idle, waiting, checking, failed. What the key answered goes into the form, and the form is sent;
// whether it was right only the next page says.
for (const panel of $$('[data-key]')) {
  const form = panel.closest('form'), ask = $('[data-ask]', form), create = panel.dataset.key === 'create';
  const say = $('[data-say]', panel), more = $('[data-more]', panel), bar = $('progress', panel), sec = $('[data-sec]', panel), hurry = $('.while', panel);
  const idle = [say.textContent, more.textContent], limit = +panel.dataset.seconds || 0;
  // The page's own question lives longer where a key is added: until the binding is over.
  const life = create ? 14 * 60 : limit;
  let loaded = Date.now(), left = 9, clock, sent, asked; // asked: pressed while the page was asking by itself

  const show = (state, word) => {
    const w = $(`[data-word="${word}"]`, panel) || $('[data-word="other"]', panel);
    panel.dataset.state = state;
    [say.textContent, more.textContent] = state === 'idle' ? idle : [$('b', w).textContent, $('span', w).textContent];
    clearInterval(clock);
    const busy = state === 'waiting' || state === 'checking';
    ask[busy ? 'setAttribute' : 'removeAttribute']('aria-disabled', 'true');
    if (state === 'failed') ask.textContent = ask.dataset.again;
    if (state === 'waiting' && bar) {
      const end = Date.now() + limit * 1000;
      const tick = () => { // nobody is hurried before the last half minute
        const n = Math.max(0, Math.round((end - Date.now()) / 1000));
        hurry.hidden = n > 30;
        sec.textContent = bar.value = n;
      };
      tick();
      clock = setInterval(tick, 1000);
    }
  };

  // Which sentence tells what happened. Browsers say NotAllowedError for a refusal, a wrong key and a timeout alike.
  const reason = (e, took) => {
    if (!isSecureContext) return 'SecurityError';
    if (e.name === 'TimeoutError') return 'timeout';
    if (e.name === 'AbortError') return 'cancelled';
    if (e.name === 'NotAllowedError') return limit && took > limit * 950 ? 'timeout' : 'cancelled';
    return e.name;
  };

  const run = async (auto, again, word = 'waiting') => {
    if (sent) return;
    if (!again) asked = false;
    if (!canKey()) return show('failed', isSecureContext ? 'NotSupportedError' : 'SecurityError');
    const began = Date.now(), signal = newCeremony();
    try {
      const publicKey = readOptions(create, panel.dataset.options);
      show('waiting', word);
      const c = await navigator.credentials[create ? 'create' : 'get']({ publicKey, signal });
      form.elements.response.value = writeResponse(c);
      show('checking', 'checking');
      sent = true;
      form.submit();
    } catch (e) {
      const took = Date.now() - began;
      // Firefox may end a new question together with the one of the page before: it is asked once more.
      if (e.name === 'AbortError' && !signal.aborted && !again) return run(auto, true);
      const early = auto && took < 1000 && e.name === 'NotAllowedError'; // needs a click here
      if (early && asked) return run();
      if (early || signal.aborted || (auto && e.name === 'AbortError')) show('idle');
      else show('failed', reason(e, took));
    }
  };

  // An answer to a question that has run out would be refused: a new one takes its place, and the panel says so. What
  // was typed stays. Where no question comes, the whole page is asked for: it says why.
  const renew = async () => {
    const next = await anew('[data-key]');
    if (!next) return location.reload();
    panel.dataset.options = next.dataset.options;
    form.elements.ceremony.value = $('[name=ceremony]', next).value;
    loaded = Date.now();
    return true;
  };
  const begin = async () => {
    ask.setAttribute('aria-disabled', 'true');
    try {
      if (await renew()) run(false, false, 'anew');
    } catch (e) { show('failed', 'other'); }
  };
  // Where a key is added the form is long: its question is renewed while nobody is asked, for two hours.
  const keep = () => setTimeout(async () => {
    if (left-- <= 0) return;
    keep();
    if (panel.dataset.state === 'waiting' || panel.dataset.state === 'checking') return;
    try {
      if (await renew() && panel.dataset.state === 'idle') more.textContent = $('[data-word=anew] span', panel).textContent;
    } catch (e) { /* the next press tells */ }
  }, life * 1000);
  if (create) keep();

  form.addEventListener('submit', e => {
    if (sent || e.submitter?.name === 'lang') return;
    e.preventDefault();
    if (ask.getAttribute('aria-disabled') === 'true') return asked = true;
    if (limit && Date.now() - loaded > life * 1000) begin();
    else run();
  });
  addEventListener('pageshow', e => { if (e.persisted) { sent = false; show('idle'); } });
  if ('auto' in panel.dataset && document.visibilityState === 'visible') run(true);
}
