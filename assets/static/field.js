// Show and hide a password; say when Caps Lock is on. A field is hidden again before it is sent, so that browsers do
// not keep it among the words once typed.
for (const b of $$('[data-reveal]')) {
  const input = document.getElementById(b.dataset.reveal), caps = $('[data-caps]', input.closest('.field'));
  const set = on => {
    input.type = on ? 'text' : 'password';
    b.setAttribute('aria-pressed', on);
    b.textContent = on ? b.dataset.hide : b.dataset.show;
  };
  b.hidden = false;
  b.onclick = () => set(input.type === 'password');
  input.form.addEventListener('submit', () => set(false));
  for (const type of ['keydown', 'keyup']) input.addEventListener(type, e => { if (e.getModifierState) caps.hidden = !e.getModifierState('CapsLock'); });
  input.addEventListener('blur', () => caps.hidden = true);
}
