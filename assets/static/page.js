// Copy and print: the buttons appear because script runs.
for (const b of $$('[data-copy]')) {
  if (!navigator.clipboard) continue;
  b.hidden = false;
  b.onclick = async () => {
    const at = document.getElementById(b.dataset.copy), items = $$('li', at).map(li => li.textContent);
    await navigator.clipboard.writeText(items.length ? items.join('\n') : at.textContent.replace(/\s/g, ''));
    $('span', b).textContent = b.dataset.done;
  };
}
for (const b of $$('[data-print]')) { b.hidden = false; b.onclick = () => print(); }

// A form is sent once until the page is shown again, or for ten seconds: loading may be stopped. Downloads are free.
const under = new Set();
addEventListener('submit', e => {
  if (e.defaultPrevented || 'many' in e.target.dataset) return;
  if (under.has(e.target)) e.preventDefault();
  under.add(e.target);
  setTimeout(() => under.delete(e.target), 10000);
});
addEventListener('pageshow', () => under.clear());

// Countdown: the page already says the exact time; while script counts, the seconds stand in its place, silently.
for (const b of $$('[data-countdown]')) {
  const out = document.getElementById(b.getAttribute('aria-describedby')), left = $('[data-left]', out), until = $('[data-until]', out), sec = $('[data-sec]', out);
  const end = Date.now() + b.dataset.countdown * 1000;
  const count = on => { left.hidden = !on; until.hidden = on; };
  count(true);
  const t = setInterval(() => {
    const n = Math.ceil((end - Date.now()) / 1000);
    sec.textContent = Math.max(0, n);
    if (n > 0) return;
    clearInterval(t);
    count(false);
    b.removeAttribute('aria-disabled');
  }, 1000);
  b.addEventListener('click', e => { if (b.getAttribute('aria-disabled')) e.preventDefault(); });
}
