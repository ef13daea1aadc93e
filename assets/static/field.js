// Show and hide a password; say when Caps Lock is on. A field is hidden again before it is sent, so that browsers do
// not keep it among the words once typed.
for (const b of $$('[data-reveal]')) {
  const input = document.getElementById(b.dataset.reveal), caps = $('[data-caps]', input.closest('.field'));
  const set = on => {
    input.type = on ? 'text' : 'password';
    b.setAttribute('aria-pressed', on);
  };
  b.hidden = false;
  b.onclick = () => set(input.type === 'password');
  input.form.addEventListener('submit', () => set(false));
  for (const type of ['keydown', 'keyup']) input.addEventListener(type, e => { if (e.getModifierState) caps.hidden = !e.getModifierState('CapsLock'); });
  input.addEventListener('blur', () => caps.hidden = true);
}

// The rules of a new password are marked as they are met. They are advice: the server decides.
for (const list of $$('[data-rules]')) {
  const input = document.getElementById(list.dataset.rules);
  const look = () => {
    const typed = input.value.trim().normalize('NFC');
    for (const rule of $$('[data-rule]', list)) {
      const met = new RegExp(rule.dataset.rule, 'su').test(typed);
      rule.classList.toggle('met', met);
      $('[data-met]', rule).hidden = !met;
    }
  };
  input.addEventListener('input', look);
  look();
}
